"""Requests as values: their states, their audit, and the messages about them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


MOST_OPEN = 10  # requests that one member may have open at once
LONGEST_REASON = 500  # characters of an admin's own words with a denial
UNSEEN = "unseen"  # in `Request.seen`: only an admin says that it is done
SENT_AGAIN = "sent-again"  # in the audit, of news that had not reached the member


class RequestKind(StrEnum):
    """What is asked for."""

    DKIM = "dkim"  # find or make the key, hand out its record
    DMARC = "dmarc"  # go ahead with DMARC, at a stage that the admin chooses
    MAILDOMAIN = "maildomain"  # add the domain to the mail server
    WEBMAIL = "webmail"  # have the certificate cover the webmail alias


class State(StrEnum):
    """How far a request has come."""

    PENDING = "pending"  # the admin has not decided yet
    APPROVED = "approved"  # decided, the bot has not begun
    WORKING = "working"  # the bot is at it; written before the mail server is called
    WAITING = "waiting"  # the record was handed out, or the admin is at it: not live yet
    LIVE = "live"  # seen in the DNS or at the mail server; not everybody was told yet
    CLOSED = "closed"  # live, and everybody was told
    DENIED = "denied"
    WITHDRAWN = "withdrawn"  # by the member
    REPLACED = "replaced"  # by that of a member who has shown that they control the domain
    EXPIRED = "expired"  # nobody did anything for too long
    FAILED = "failed"  # the mail server refused; the admin can have it tried again


_S = State

# What may follow each state; everything else is refused.
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.APPROVED, _S.DENIED, _S.WITHDRAWN, _S.REPLACED, _S.EXPIRED}),
        _S.APPROVED: frozenset({_S.WORKING, _S.WITHDRAWN}),
        # Nobody else can step in while the mail server is being called: it takes seconds.
        _S.WORKING: frozenset({_S.WAITING, _S.FAILED}),
        # It waits anew where another record was handed out in place of the one before.
        _S.WAITING: frozenset({_S.WAITING, _S.LIVE, _S.WITHDRAWN, _S.EXPIRED}),
        _S.LIVE: frozenset({_S.CLOSED}),
        _S.FAILED: frozenset({_S.APPROVED, _S.DENIED, _S.WITHDRAWN, _S.REPLACED, _S.EXPIRED}),
        _S.CLOSED: frozenset(),
        _S.DENIED: frozenset(),
        _S.WITHDRAWN: frozenset(),
        _S.REPLACED: frozenset(),
        _S.EXPIRED: frozenset(),
    }
)

# States that nothing follows.
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)

# States in which nothing is left to do but to tell people: the domain can be asked for again.
ENDED = FINAL | {State.LIVE}


def can_go(before: State, after: State) -> bool:
    """Whether a request may go from one state to the other."""
    return after in TRANSITIONS[before]


class Undelivered(StrEnum):
    """Why a message did not reach the member."""

    LEFT = "left"  # they are not in the server any more, or Discord lets nobody write to them
    NO_WAY = "no-way"  # they take no direct messages, and in their channel we cannot write
    GIVEN_UP = "given-up"  # Discord did not take it for too long


class ActorKind(StrEnum):
    """In which role somebody did something."""

    MEMBER = "member"
    ADMIN = "admin"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: `id` is a member's, or the pseudonym of one who was forgotten."""

    kind: ActorKind
    id: int | None = None  # None: the bot


BOT = Actor(ActorKind.BOT)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was at its `version`, which every change makes one higher."""

    id: int
    kind: RequestKind
    domain: Domain
    guild_id: int
    channel_id: int  # where it was asked
    member_id: int  # negative: the pseudonym of a member who was forgotten
    state: State
    version: int
    created_at: datetime
    changed_at: datetime  # when it came into its state
    due_at: datetime | None = None  # when the bot does something next; None where it never will
    attempts: int = 0  # reminders or looks since it came into its state
    decided_by: int | None = None  # the admin who approved or denied it
    decided_at: datetime | None = None
    reason: str = ""  # why it was denied, failed or does not get on; an admin's words or an error
    stage: str | None = None  # the DMARC policy that was approved: none, quarantine or reject
    by_hand: bool = False  # the admin does it on the mail server, or did and pasted the value
    value: str = ""  # the record's value as handed out
    selector: str = ""  # the DKIM selector that goes with it
    replaced: str = ""  # selector and value that were handed out before these; see `replaced_key`
    limits: str = ""  # JSON: what the admin wants a new mail domain to be allowed
    seen: str = ""  # the code of the finding that the last look ended with; empty where all is well
    evidence: str = ""  # JSON: the check's status lines as they were seen last
    card_channel_id: int | None = None  # the admin's card
    card_message_id: int | None = None
    message_channel_id: int | None = None  # the member's message, which is edited later
    message_id: int | None = None
    undelivered: Undelivered | None = None  # why the latest news did not reach the member
    lease_until: datetime | None = None  # whoever took it works on it alone until then

    @property
    def open(self) -> bool:
        """Whether something is still to be done; a domain has one open request of a kind."""
        return self.state not in ENDED

    @property
    def forgotten(self) -> bool:
        """Whether the member had their data deleted: there is nobody to write to."""
        return self.member_id < 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One transition, as it is kept for ever."""

    id: int
    at: datetime
    request_id: int
    actor: Actor
    before: State | None  # None: the request was opened
    after: State  # as before where news did not reach the member, or is sent again
    detail: str = ""


class Audience(StrEnum):
    """Whom a message is for; to each, a request's messages go out in their order."""

    ADMIN = "admin"
    MEMBER = "member"


class MessageKind(StrEnum):
    """Which message is to be sent or edited; it is worded when it is delivered."""

    ADMIN_CARD = "admin-card"  # the numbered card in the request channel
    ADMIN_EDIT = "admin-edit"  # the card again, as the request is now
    ADMIN_REMINDER = "admin-reminder"  # it has waited for a decision for a week
    ADMIN_FAILED = "admin-failed"  # the reason is in the request
    MEMBER_RECORD = "member-record"  # DKIM and DMARC: the record to publish
    MEMBER_ACCEPTED = "member-accepted"  # mail domain and webmail: the admin is at it
    MEMBER_SUPERSEDED = "member-superseded"  # the record's message: it is no longer right
    MEMBER_EDIT = "member-edit"  # that message again, after a look that saw something new
    MEMBER_LIVE = "member-live"
    MEMBER_DENIED = "member-denied"
    MEMBER_EXPIRED = "member-expired"
    MEMBER_REPLACED = "member-replaced"
    # Of no request:
    MEMBER_MAIL_TEST = "member-mail-test"  # what a test mail came to
    ADMIN_WATCH = "admin-watch"  # news of the watch
    MEMBER_WATCH = "member-watch"

    @property
    def target(self) -> Audience:
        """Whom it is for."""
        return Audience(self.value.partition("-")[0])

    @property
    def is_news(self) -> bool:
        """Whether it is a message of its own to the member, whom it has to reach."""
        return self.target is Audience.MEMBER and self is not MessageKind.MEMBER_EDIT


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message in the outbox; one of a kind for each version of a request."""

    id: int
    request_id: int
    version: int  # the request's, when this was written down
    what: MessageKind
    nonce: str  # 24 characters; Discord takes 25
    created_at: datetime
    due_at: datetime
    attempts: int = 0  # tries that were begun; from the second on the first may have arrived
    ended_at: datetime | None = None  # when it was delivered or given up
    channel_id: int | None = None
    message_id: int | None = None  # None once ended: given up, or there was nothing to send
    detail: str = ""  # why the last try came to nothing
    lease_until: datetime | None = None  # whoever took it tries it alone until then


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What a new request begins with."""

    kind: RequestKind
    domain: Domain
    guild_id: int
    channel_id: int
    member_id: int
    evidence: str
    due_at: datetime
    messages: tuple[MessageKind, ...]
    most_open: int  # requests that a member may have open at once

    @property
    def actor(self) -> Actor:
        """The member who asks."""
        return Actor(ActorKind.MEMBER, self.member_id)


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a request that one transaction writes, as a whole or not at all.

    Where `after` has another state than before, or there is a `detail`, an audit entry is written.
    """

    after: Request
    actor: Actor
    detail: str = ""
    messages: tuple[MessageKind, ...] = ()
    learned: KnownKey | None = None  # becomes the domain's current key
    approved_stage: str | None = None  # becomes the DMARC stage of the domain


def make_pseudonym() -> int:
    """Return a random number that stands in a member's place: no id of Discord's is negative."""
    return -1 - secrets.randbits(62)
