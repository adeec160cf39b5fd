"""The admin's card of a request: who asks, what is known, what became of it, what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.evidence_lines import show_evidence
from bot.cards.items import RequestAction
from bot.cards.layout import STATE_COLOURS, assemble
from bot.cards.markdown import both_ends, clip, moment, say_remark, span
from bot.checks.finding import Status
from bot.requests.failure import say_reason
from bot.requests.kinds import KINDS, Asks
from bot.requests.model import LONGEST_REASON, State
from bot.requests.server_view import replaced_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.requests.model import Request, Undelivered
    from bot.words import Words

_MOST_OTHERS = 3  # former requests of other members that are named
_LONGEST_REASON = 2 * LONGEST_REASON  # with an escape before each character


def build_request_card(
    request: Request,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    backend: str,
    earlier: Sequence[Request] = (),
) -> Card:
    """Return the card of a request as it is now, with the buttons of its state.

    `backend` is the name of the mail server's software, and `earlier` are the domain's requests of
    all kinds, of which those of other members are named.
    """
    facts = {**facts_of(request, server, words), "backend": backend}
    known = (show_evidence(request, facts, words), _others(request, earlier, words))
    return assemble(
        [
            [_head(request, words), _intro(request, server, words)],
            ["\n".join(filter(None, known))],
            [_decision(request, server, words, backend)],
        ],
        colour=STATE_COLOURS[request.state],
        buttons=[items.request_button(action, request.id) for action in offer_actions(request)],
    )


def offer_actions(request: Request) -> Sequence[RequestAction]:
    """Return what an admin can do with a request, in the order of the buttons."""
    again = [RequestAction.RESEND] if request.undelivered is not None else []
    return [*_offer_by_state(request), RequestAction.FULL, *again]


def _offer_by_state(request: Request) -> Sequence[RequestAction]:
    action = RequestAction
    match request.state:
        case State.PENDING:
            return [action.APPROVE, action.DENY, action.CHECK]
        case State.FAILED:
            other = {Asks.KEY: [action.PASTE], Asks.LIMITS: [action.LIMITS, action.BYHAND]}
            by_hand = other.get(KINDS[request.kind].asks, ())
            return [action.RETRY, *by_hand, action.DENY, action.CHECK]
        case State.WAITING if KINDS[request.kind].is_finished_by_admin:
            return [action.DONE, action.CHECK]
        case State.WAITING:
            return [action.CHECK]
        case _:
            return []


def state_word(request: Request, words: Words) -> str:
    """Return a request's state as an icon and a word."""
    state = request.state.value
    return f"{words.label('request_marks', state)} {words.label('request_states', state)}"


def mention(member_id: int, words: Words) -> str:
    """Return a member to be shown; nobody is pinged, and who was forgotten has no name."""
    return f"<@{member_id}>" if member_id > 0 else words.sentence("discord/request_forgotten", {})


def link_to_card(request: Request) -> str:
    """Return the address of a request's card in Discord, after a dot; nothing without a card."""
    if request.card_channel_id is None or request.card_message_id is None:
        return ""
    place = (request.guild_id, request.card_channel_id, request.card_message_id)
    return " · https://discord.com/channels/" + "/".join(map(str, place))


def facts_of(request: Request, server: MailServer, words: Words) -> Mapping[str, Fact]:
    """Return what the templates about a request are given."""
    return {
        "number": str(request.id),
        "kind": request.kind.value,
        "domain": request.domain.ascii,
        "alias": f"{server.webmail_label}.{request.domain.ascii}",
        "host": server.host_text,
        "service": server.name,
        "done": words.label("request_buttons", "done"),
        "seen": request.seen,
    }


def say_undelivered(why: Undelivered, words: Words) -> str:
    """Return that the member was not reached, why, and what to do about it."""
    mark = words.label("marks", Status.WARN.value)
    again = words.label("request_buttons", RequestAction.RESEND.value)
    facts: dict[str, Fact] = {"why": why.value, "again": again}
    return f"{mark} {words.sentence('discord/request_undelivered', facts)}"


def title_of(request: Request, words: Words) -> str:
    """Return number, kind and domain on one line."""
    kind = words.label("request_kinds", request.kind.value)
    domain = request.domain
    title = words.sentence(
        "discord/request_title",
        {"number": str(request.id), "kind": kind, "domain": domain.ascii},
    )
    return title if domain.unicode == domain.ascii else f"{title} ({span(domain.unicode)})"


def _head(request: Request, words: Words) -> str:
    mark = words.label("request_marks", request.state.value)
    word = words.label("request_states", request.state.value)
    return f"## {title_of(request, words)}\n{mark} **{word}** · {moment(request.changed_at)}"


def _intro(request: Request, server: MailServer, words: Words) -> str:
    wish = words.sentence("discord/request_intro", facts_of(request, server, words))
    return f"{mention(request.member_id, words)} {wish}\n-# {moment(request.created_at)}"


def _others(request: Request, earlier: Sequence[Request], words: Words) -> str:
    """Return who else asked for something of this domain before."""
    others = [r for r in earlier if r.member_id != request.member_id and r.id < request.id]
    if not others:
        return ""
    named = [
        f"{mention(r.member_id, words)} (#{r.id} {words.label('request_kinds', r.kind.value)}, "
        f"{words.label('request_states', r.state.value)})"
        for r in others[:_MOST_OTHERS]
    ]
    mark = words.label("marks", Status.WARN.value)
    facts = {"more": len(others) - len(named)}
    said = words.sentence("discord/request_others", facts)
    return f"{mark} {said} {', '.join(named)}"


def _decision(request: Request, server: MailServer, words: Words, backend: str) -> str:
    lines = []
    if request.decided_by is not None and request.decided_at is not None:
        who, when = mention(request.decided_by, words), moment(request.decided_at)
        lines.append(f"{words.sentence('discord/request_decided_by', {})} {who} · {when}")
    if reason := say_reason(request, words):
        quoted = say_remark(reason, words).removeprefix("-# ")
        lines.append(clip("> " + quoted, _LONGEST_REASON))
    if request.stage:
        lines.append(f"DMARC: {words.label('stages', request.stage)}")
    if KINDS[request.kind].asks is Asks.KEY and request.value:
        lines.append(f"DKIM: {span(request.selector)} {span(both_ends(request.value))}")
    if former := replaced_key(request):
        said = words.sentence("discord/request_replaced", {"backend": backend})
        lines.append(f"{said} {span(former[0])} {span(both_ends(former[1]))}")
    if request.undelivered is not None:
        lines.append(say_undelivered(request.undelivered, words))
    if request.state is State.WAITING and KINDS[request.kind].is_finished_by_admin:
        facts = {**facts_of(request, server, words), "backend": backend}
        lines.append(words.sentence("discord/request_by_hand", facts))
    return "\n".join(lines)
