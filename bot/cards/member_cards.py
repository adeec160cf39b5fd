"""What members are shown of their requests: answers, the list, and the messages they are sent."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.cards.items import OwnRequestAction, WatchAction
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, clip, moment, say_remark, width
from bot.cards.records_card import show_records, zone_file
from bot.cards.request_card import link_to_card
from bot.characters import LONGEST_VALUE
from bot.records.dkim_key import DkimRecord, KeySource, KeyUnknown, KnownKey
from bot.records.dmarc_policy import read_policy
from bot.records.expected import expect
from bot.requests.failure import say_reason
from bot.requests.kinds import KINDS, Asks
from bot.requests.model import MOST_OPEN, State, can_go
from bot.requests.server_view import replaced_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.expected import Expected
    from bot.records.mail_server import MailServer
    from bot.requests.model import Request
    from bot.requests.outcomes import Opened
    from bot.words import Words

_MOST_ENDED = 5
_MOST_LISTED = 12  # with two components each, and a button for each open one
_LONGEST_TEXT = 1500  # characters of one paragraph that quotes somebody
_LONGEST_MENTION = 30  # characters that a message in a channel has besides


@dataclass(frozen=True, slots=True)
class Admins:
    """Whether what members ask reaches the admins' channel, and whether they know it if not."""

    reached: bool = True
    told: bool = False


def build_asked_card(
    opened: Opened,
    server: MailServer,
    words: Words,
    *,
    remark: str | None = None,
    admins: Admins = Admins(),
    control: Sequence[str] = (),
    buttons: Sequence[Item] = (),
) -> Card:
    """Return the private answer to who has asked: the number, and what happens next.

    Of a request that was asked for before it says whether by them, never by whom. `control` is
    what is said of their control of the domain, and `buttons` go with it.
    """
    request = opened.request
    texts = [f"## {title_of(request, words)}"]
    if not opened.is_new:
        facts: dict[str, Fact] = {"mine": not opened.by_other}
        texts.append(words.sentence("discord/member_asked", facts))
    if not opened.by_other:  # the state of somebody else's request is theirs
        texts.append(_say_next(request, server, words, admins))
    if remark:
        texts.append(say_remark(remark, words))
    room = MOST_CHARACTERS - sum(map(width, control))
    return assemble([[clip("\n".join(texts), room)], control], colour=NEUTRAL, buttons=buttons)


def build_requests_card(
    requests: Sequence[Request],
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    mentions: Sequence[str],
    admins: Admins = Admins(),
) -> Card:
    """Return a member's requests, open ones first, each with its state and what happens next.

    `mentions` are the commands that ask for something, for who has not asked yet.
    """
    if not requests:
        text = f"{words.sentence('discord/member_none', {})}\n{' · '.join(mentions)}"
        return assemble([[text]], colour=NEUTRAL)
    still = tuple(request for request in requests if request.open)
    shown = still[:MOST_OPEN]
    missed = next((r for r in shown if _lacks_record(r)), None)
    room_for_ended = min(_MOST_ENDED, _MOST_LISTED - len(shown) - (missed is not None))
    ended = tuple(request for request in requests if not request.open)[:room_for_ended]
    pieces = [_versions(request, server, words, admins) for request in (*shown, *ended)]
    more = len(requests) - len(pieces)
    foot = f"-# {words.sentence('discord/member_more', {'count': more})}" if more else ""
    head = f"## {words.sentence('discord/member_list', {})}"
    chosen = choose(pieces, MOST_CHARACTERS - width(head) - width(foot))
    return assemble(
        [[head], *([text] for text in chosen), [foot]],
        colour=NEUTRAL,
        buttons=[
            *([] if missed is None else [items.again_button(missed.id)]),
            *(
                items.withdraw_button(request.id)
                for request in shown
                if can_go(request.state, State.WITHDRAWN)
            ),
        ],
    )


def build_record_card(request: Request, server: MailServer, words: Words) -> Card:
    """Return an approved record to publish, in every spelling, with a zone file of it alone.

    The last lines say what was seen when it was looked for, so that it can be edited later.

    Raises:
        InvalidKey: the value that was handed out is no DKIM key.

    """
    expected = _expect(request, server)
    head = words.sentence("discord/member_record", _facts(request, server, words))
    title = f"## {title_of(request, words)}\n{clip(head, _LONGEST_TEXT)}"
    foot = f"-# {words.sentence('discord/member_record_foot', {})}"
    mark = words.label("request_marks", request.state.value)
    look = f"{mark} {clip(_say_look(request, server, words), _LONGEST_TEXT)}"
    texts = (title, foot, look)
    room = MOST_CHARACTERS - _LONGEST_MENTION - sum(width(text) for text in texts)
    records = choose(show_records(expected, words), room)
    return assemble(
        [[title], *([record] for record in records), [foot, look]],
        colour=NEUTRAL,
        files=(zone_file(expected, words),),
    )


def build_superseded_card(request: Request, server: MailServer, words: Words) -> Card:
    """Return what takes the place of a record that is no longer right; a new one is sent after."""
    text = words.sentence("discord/member_superseded", _facts(request, server, words))
    return assemble([[f"## {title_of(request, words)}", text]], colour=NEUTRAL)


def build_progress_card(request: Request, server: MailServer, words: Words) -> Card:
    """Return what the admin is at for a member: a mail domain, or a webmail alias."""
    if request.state is State.WAITING and not request.seen.startswith("backend-"):
        text = words.sentence("discord/member_accepted", _facts(request, server, words))
    else:
        text = _say_next(request, server, words)
    return assemble([[f"## {title_of(request, words)}", text]], colour=NEUTRAL)


def build_live_card(
    request: Request,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    offer_dmarc: bool,
    offer_watch: bool = False,
) -> Card:
    """Return the news that a request is done, with what it offers to go on with.

    After DKIM that may be DMARC, and to be told if the domain breaks.
    """
    facts = {**_facts(request, server, words), "offer": offer_dmarc}
    following = items.next_button(request.domain.ascii)
    buttons: list[Item | None] = [items.dmarc_button(request.id) if offer_dmarc else following]
    if offer_watch:
        buttons.append(items.watch_button(WatchAction.ADD, request.domain.ascii))
    mark = words.label("request_marks", State.LIVE.value)
    return assemble(
        [[f"## {mark} {title_of(request, words)}", words.sentence("discord/member_live", facts)]],
        colour=NEUTRAL,
        buttons=[button for button in buttons if button is not None],
    )


def build_ended_card(request: Request, server: MailServer, words: Words) -> Card:
    """Return the news that a request was denied, has expired, or was replaced by another."""
    return assemble(
        [[f"## {title_of(request, words)}", _say_next(request, server, words)]], colour=NEUTRAL
    )


def build_admin_notice(template: str, request: Request, server: MailServer, words: Words) -> Card:
    """Return a short message to the admins about a request; its card has the buttons."""
    text = words.sentence(f"discord/{template}", _facts(request, server, words))
    foot = f"-# {moment(request.created_at)}{link_to_card(request)}"
    return assemble([[clip(text, _LONGEST_TEXT), foot]], colour=NEUTRAL)


def _expect(request: Request, server: MailServer) -> Expected:
    """Return what to publish for this request alone, as it was handed out."""
    key = (
        KnownKey(request.selector, DkimRecord.read(request.value), KeySource.MAIL_SERVER)
        if KINDS[request.kind].asks is Asks.KEY
        else KeyUnknown()
    )
    expected = expect(server, request.domain, key)
    if request.stage is not None:
        expected = expected.at_policy(read_policy(request.stage))
    published = KINDS[request.kind].record
    record = None if published is None else expected.record(published.purpose)
    if record is None:  # the name would be too long for the DNS
        return replace(expected, records=())
    # The server's settings may have changed since the admin approved the value.
    # A key is handed out in its usual form, whichever form was stored.
    value = record.value if KINDS[request.kind].asks is Asks.KEY else request.value or record.value
    return replace(expected, records=(replace(record, value=value),))


def _lacks_record(request: Request) -> bool:
    """Whether a record is to be published that did not reach the member."""
    publishes = KINDS[request.kind].record is not None
    return publishes and request.state is State.WAITING and request.undelivered is not None


def _versions(
    request: Request, server: MailServer, words: Words, admins: Admins
) -> tuple[str, ...]:
    state = words.label("member_states", request.state.value)
    mark = words.label("request_marks", request.state.value)
    title = f"**{title_of(request, words)}**\n{mark} {state}"
    said = clip(_say_next(request, server, words, admins), _LONGEST_TEXT)
    return f"{title} · {moment(request.changed_at)}\n{said}", title, ""


def title_of(request: Request, words: Words) -> str:
    """Return what a request is called: its number, what is asked, for which domain."""
    facts: dict[str, Fact] = {
        "number": request.id,
        "kind": words.label("request_kinds", request.kind.value),
        "domain": request.domain.ascii,
    }
    return words.sentence("discord/member_title", facts)


def _say_next(
    request: Request,
    server: MailServer,
    words: Words,
    admins: Admins = Admins(),
) -> str:
    has_card = request.card_message_id is not None
    facts: dict[str, Fact] = {
        **_facts(request, server, words),
        "admins": ("have" if has_card else "soon") if admins.reached else "lost",
        "admins_told": admins.told,
        "contact": server.admin_contact,
        "again": words.label("asking", OwnRequestAction.AGAIN.value),
        "reached": request.undelivered or ("soon" if request.message_id is None else "yes"),
    }
    return words.sentence("discord/member_next", facts)


def _say_look(request: Request, server: MailServer, words: Words) -> str:
    return words.sentence("discord/member_look", _facts(request, server, words))


def _facts(request: Request, server: MailServer, words: Words) -> dict[str, Fact]:
    former = replaced_key(request)
    return {
        "number": request.id,
        "kind": request.kind.value,
        "label": words.label("request_kinds", request.kind.value),
        "state": request.state.value,
        "domain": request.domain.ascii,
        "alias": f"{server.webmail_label}.{request.domain.ascii}",
        "host": server.host_text,
        "service": server.name,
        "seen": request.seen,
        "selector": request.selector,
        "former": None if former is None else former[0],
        "due": int(request.due_at.timestamp()) if request.due_at else None,
        # A value in a template is cut where it is long; this one is wanted whole.
        "parts": tuple(textwrap.wrap(say_reason(request, words), LONGEST_VALUE)),
    }
