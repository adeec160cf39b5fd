"""The rotation of a domain's DKIM key as a value: its states, and what may follow each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.records.dkim_key import DkimRecord, KnownKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.names import Domain
    from bot.requests.model import Actor

KEPT_FOR: Final = timedelta(days=7)  # the old record and the old key, after the switch
KEY_SIZES: Final = (2048, 4096)  # bits


class RotationState(StrEnum):
    """How far a rotation has come."""

    PREPARING = "preparing"  # the mail server makes the new key, or an admin does by hand
    PREPARED = "prepared"  # the member was given the new record, and no name server has it
    PUBLISHED = "published"  # some name server has it
    LIVE = "live"  # all of them have, and nobody keeps an answer of before: the switch is next
    SWITCHING = "switching"  # the mail server is told to sign with the new key
    SWITCHED = "switched"  # it signs with it; the old record and key stay for `KEPT_FOR`
    RETIRING = "retiring"  # the copies of both keys are taken off the mail server
    RETIRED = "retired"  # the member is told to take the old record out
    UNDOING = "undoing"  # the old key is put back, and the copies are taken off
    UNDONE = "undone"
    FAILED = "failed"  # the mail server refused; nothing goes on by itself


_S = RotationState

# What may follow each state; everything else is refused.
TRANSITIONS: Mapping[RotationState, frozenset[RotationState]] = MappingProxyType(
    {
        _S.PREPARING: frozenset({_S.PREPARED, _S.UNDOING, _S.FAILED}),
        _S.PREPARED: frozenset({_S.PUBLISHED, _S.LIVE, _S.UNDOING, _S.FAILED}),
        # A record can be taken out again before the switch.
        _S.PUBLISHED: frozenset({_S.PREPARED, _S.LIVE, _S.UNDOING, _S.FAILED}),
        _S.LIVE: frozenset({_S.PREPARED, _S.PUBLISHED, _S.SWITCHING, _S.UNDOING, _S.FAILED}),
        # It goes back where nothing was changed yet and the record is not everywhere any more.
        _S.SWITCHING: frozenset({_S.PREPARED, _S.PUBLISHED, _S.SWITCHED, _S.UNDOING, _S.FAILED}),
        _S.SWITCHED: frozenset({_S.RETIRING, _S.UNDOING}),
        _S.RETIRING: frozenset({_S.RETIRED}),
        _S.RETIRED: frozenset(),
        _S.UNDOING: frozenset({_S.UNDONE, _S.FAILED}),
        _S.UNDONE: frozenset(),
        _S.FAILED: frozenset(),
    }
)

# States that nothing follows.
FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)
# States in which the new record is looked for at the name servers.
AWAITING_RECORD: Final = frozenset({_S.PREPARED, _S.PUBLISHED, _S.LIVE})
# States from which an admin may have everything put back.
UNDOABLE: Final = frozenset(
    state for state, following in TRANSITIONS.items() if _S.UNDOING in following
)


def can_go(before: RotationState, after: RotationState) -> bool:
    """Whether a rotation may go from one state to the other."""
    return after in TRANSITIONS[before]


class RotationStep(StrEnum):
    """The one call to the mail server that is made next; written down before it is made.

    Each can be made again. What does `bot.rotations.key_rotator.KeyRotator` has the same name.
    """

    OPEN_WORKSHOP = "open-workshop"
    CLEAR_WORKSHOP = "clear-workshop"
    MAKE_KEY = "make-key"
    KEEP_NEXT = "keep-next"
    LEAVE_WORKSHOP = "leave-workshop"  # `CLEAR_WORKSHOP`, after the key was taken out of it
    KEEP_FORMER = "keep-former"
    SWITCH = "switch"
    RESTORE = "restore"
    DROP_NEXT = "drop-next"
    DROP_FORMER = "drop-former"


# All rotations of a mail server share one workshop: one of them at a time is at one of these.
IN_WORKSHOP: Final = frozenset(
    {
        RotationStep.OPEN_WORKSHOP,
        RotationStep.CLEAR_WORKSHOP,
        RotationStep.MAKE_KEY,
        RotationStep.KEEP_NEXT,
        RotationStep.LEAVE_WORKSHOP,
    }
)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation as it was at its `version`, which every change makes one higher."""

    id: int
    domain: Domain
    state: RotationState
    version: int
    old: KnownKey  # what the mail server signed with when it began
    selector: str  # of the new key; never used for this domain before
    bits: int
    by_hand: bool  # the bot cannot do it on the mail server: an admin does
    opened_by: int | None  # None: from the console; negative: who was forgotten
    opened_at: datetime
    changed_at: datetime  # when it came into its state
    value: str = ""  # the new record's text; empty until there is the key
    step: RotationStep | None = None  # None: no call is under way
    due_at: datetime | None = None  # when something is done next; None where it never will be
    attempts: int = 0  # looks or calls since it came into its state or to its step
    reason: str = ""  # why it failed or does not get on; see `bot.requests.failure`
    servers: str = (
        ""  # JSON: what each name server has of the records; see `bot.checks.dkim.server_records`
    )
    live_at: datetime | None = None  # since when every name server has the new record
    caches_until: datetime | None = None  # until when answers of before may be kept
    switched_at: datetime | None = None  # set in UNDOING, too, where it may have been switched
    proved_at: datetime | None = None  # when a mail came that the new key had signed rightly
    lease_until: datetime | None = None  # whoever took it is at it alone until then

    @property
    def open(self) -> bool:
        """Whether something is still to be done, by the bot or by an admin."""
        return self.state not in FINAL

    @property
    def new(self) -> KnownKey | None:
        """The new key, as if who told of the old one had told of it; None until it is there."""
        if not self.value:
            return None
        return KnownKey(self.selector, DkimRecord.read(self.value), self.old.source)

    @property
    def is_switched(self) -> bool:
        """Whether the mail server signs with the new key, as far as it was told and said so."""
        return self.state in {_S.SWITCHED, _S.RETIRING, _S.RETIRED}

    @property
    def retires_at(self) -> datetime | None:
        """When the old key has been kept for long enough; None before the switch."""
        return None if self.switched_at is None else self.switched_at + KEPT_FOR


@dataclass(frozen=True, slots=True)
class NewRotation:
    """What a new rotation begins with."""

    domain: Domain
    old: KnownKey
    bits: int
    by_hand: bool
    actor: Actor
    most_a_day: int | None = None  # it is refused where so many were opened since a day before


class RotationNews(StrEnum):
    """What is told of a rotation; each once, and drawn anew where it changes."""

    CARD = "card"  # the admins': how far it is, with Undo
    STUCK = "stuck"  # the admins': it failed, or mail may leave unsigned
    RECORD = "record"  # the member's: the new record, and the old one to be kept
    SWITCHED = "switched"  # the member's: a test mail is asked for
    REMOVE = "remove"  # the member's: the old record can go
    UNDONE = "undone"  # the member's: which records stay


@dataclass(frozen=True, slots=True)
class RotationChange:
    """The change of a rotation that one transaction writes, as a whole or not at all.

    Where `after` has another state than before, or there is a `detail`, it is written down who did
    it. All messages are drawn anew where what they say has changed.
    """

    after: Rotation
    actor: Actor
    detail: str = ""
    news: tuple[RotationNews, ...] = ()
    learned: KnownKey | None = None  # becomes the domain's current key


@dataclass(frozen=True, slots=True)
class RotationEntry:
    """One thing that was done to a rotation, by whom and when."""

    at: datetime
    actor: Actor
    before: RotationState | None
    after: RotationState
    detail: str = ""
