"""Changes of a request as values: its next state, and the messages that go with it; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.errors import RequestError
from bot.requests.failure import dump_failure
from bot.requests.kinds import KINDS
from bot.requests.model import (
    BOT,
    MOST_OPEN,
    SENT_AGAIN,
    Actor,
    Change,
    MessageKind,
    NewRequest,
    Request,
    RequestKind,
    State,
    can_go,
)
from bot.requests.schedule import GIVE_UP_AFTER, REMIND_AFTER

if TYPE_CHECKING:
    from datetime import datetime

    from bot.names import Domain
    from bot.records.dkim_key import KnownKey

_TAIL = 12  # characters of a key

# The messages when a request comes into a state; the one that hands out depends on the kind.
_MESSAGES = {
    State.APPROVED: (MessageKind.ADMIN_EDIT,),
    State.WAITING: (MessageKind.ADMIN_EDIT,),
    State.LIVE: (MessageKind.ADMIN_EDIT, MessageKind.MEMBER_LIVE),
    State.DENIED: (MessageKind.ADMIN_EDIT, MessageKind.MEMBER_DENIED),
    State.WITHDRAWN: (MessageKind.ADMIN_EDIT, MessageKind.MEMBER_EDIT),
    State.EXPIRED: (MessageKind.ADMIN_EDIT, MessageKind.MEMBER_EXPIRED),
    State.REPLACED: (MessageKind.ADMIN_EDIT, MessageKind.MEMBER_REPLACED),
    State.FAILED: (MessageKind.ADMIN_EDIT, MessageKind.ADMIN_FAILED),
}

_NEWS = {
    state: next(what for what in messages if what.is_news)
    for state, messages in {
        **_MESSAGES,
        State.CLOSED: _MESSAGES[State.LIVE],
    }.items()
    if any(what.is_news for what in messages)
}


def open_request(
    kind: RequestKind,
    domain: Domain,
    place: tuple[int, int],
    member_id: int,
    *,
    evidence: str,
    now: datetime,
) -> NewRequest:
    """Return a new request; `place` is the guild and the channel where it was asked."""
    guild_id, channel_id = place
    return NewRequest(
        kind=kind,
        domain=domain,
        guild_id=guild_id,
        channel_id=channel_id,
        member_id=member_id,
        evidence=evidence,
        due_at=now + REMIND_AFTER,
        messages=(MessageKind.ADMIN_CARD,),
        most_open=MOST_OPEN,
    )


def move(
    before: Request,
    to: State,
    actor: Actor,
    now: datetime,
    *,
    detail: str = "",
    learned: KnownKey | None = None,
    approved_stage: str | None = None,
    **fields: Any,
) -> Change:
    """Return the transition to a state; `fields` are those of the request that change with it.

    Raises:
        RequestError: that state may not follow.

    """
    if not can_go(before.state, to):
        raise RequestError("request-cannot-become", before=before.state.value, after=to.value)
    changed = {"changed_at": now, "due_at": _first_due(to, now), "attempts": 0, "reason": ""}
    changed["lease_until"] = None  # what there is to do is another thing now
    if to is not State.CLOSED:  # which is no news: whether that of before arrived still counts
        changed["undelivered"] = None
    after = replace(before, state=to, **{**changed, **fields})
    messages = _MESSAGES.get(to, ())
    if to is State.WAITING:
        messages = (KINDS[before.kind].handed_out, *messages)
    return Change(after, actor, detail, messages, learned, approved_stage)


def replace_key(before: Request, key: KnownKey, now: datetime, **fields: Any) -> Change:
    """Return the change of a request that waits for a key which the mail server has no more.

    The message with the former record says so from then on, and the new record is sent.
    """
    news = RequestError(
        "request-key-replaced",
        domain=before.domain.ascii,
        before=_name_key(before.selector, before.value),
        after=_name_key(key.selector, key.record.text),
    )
    change = move(
        before,
        State.WAITING,
        BOT,
        now,
        detail=dump_failure(news),
        learned=key,
        value=key.record.text,
        selector=key.selector,
        replaced=f"{before.selector} {before.value}",
        seen="",
        **fields,
    )
    return replace(change, messages=(MessageKind.MEMBER_SUPERSEDED, *change.messages))


def give_way(
    before: Request, asked: NewRequest, now: datetime, *, is_proven: bool
) -> Change | None:
    """Return the change that ends a request in favour of one by who controls the domain.

    None: it stays, as it is that member's own, or its member has shown control too (`is_proven`),
    or an admin has approved it already.
    """
    if before.member_id == asked.member_id or is_proven or not can_go(before.state, State.REPLACED):
        return None
    reason = dump_failure(RequestError("request-replaced", domain=before.domain.ascii))
    return move(before, State.REPLACED, BOT, now, detail=reason, reason=reason)


def send_again(
    before: Request, actor: Actor, place: tuple[int, int] | None = None
) -> Change | None:
    """Return the change that has news sent again which did not reach the member.

    `place` is the guild and the channel where the member is now; where it is the guild in which
    they asked, the channel takes the place of the one where they did. None: there is nothing to
    send, as all arrived, or a former try is under way.
    """
    news = (
        KINDS[before.kind].handed_out if before.state is State.WAITING else _NEWS.get(before.state)
    )
    if before.undelivered is None or news is None:
        return None
    channel_id = before.channel_id
    if place is not None and place[0] == before.guild_id:
        channel_id = place[1]
    after = replace(before, undelivered=None, channel_id=channel_id)
    return Change(after, actor, SENT_AGAIN, (news, MessageKind.ADMIN_EDIT))


def touch(before: Request, messages: tuple[MessageKind, ...] = (), **fields: Any) -> Change:
    """Return a change that leaves the request in its state, such as the time of its next check.

    Whoever is at it stays so, unless `fields` say otherwise.
    """
    return Change(replace(before, **fields), BOT, messages=messages)


def _name_key(selector: str, value: str) -> str:
    """Return how a key is told from others: by its selector and the end of its value."""
    return f"{selector} …{value[-_TAIL:]}"


def _first_due(to: State, now: datetime) -> datetime | None:
    if to is State.FAILED:
        return now + REMIND_AFTER
    if to in {State.APPROVED, State.WORKING, State.WAITING, State.LIVE}:
        return now
    return None


def expiry(request: Request) -> datetime:
    """Return when a request is given up that stays in its state."""
    return request.changed_at + GIVE_UP_AFTER
