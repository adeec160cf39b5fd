"""What the watch tells admins and members, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.checks.finding import Finding, Status
    from bot.checks.zone_place import ZonePlace
    from bot.rotations.rotation import Rotation, RotationNews
    from bot.watch.awaited_goal import Awaited
    from bot.watch.incident import Incident
    from bot.watch.snapshot import SnapshotChanges

ADMINS: Final = 0  # the target that is the admin channel; no member has this id


class NewsKind(StrEnum):
    """What the watch tells."""

    INCIDENTS = "incidents"  # of one subject: what broke, what is mended
    SUMMARY = "summary"  # all that went beyond the messages of one cycle
    DIGEST = "digest"  # weekly
    CERTIFICATE = "certificate"  # of the mail host: it ends soon
    AWAITED = "awaited"  # what a member waited for
    ROTATION = "rotation"  # of a domain's DKIM key


@dataclass(frozen=True, slots=True)
class News:
    """One message of the watch to the admins or to a member, kept until it is delivered.

    `key` says what it is about, so that nothing is told twice; `facts` is JSON.
    """

    id: int
    key: str
    what: NewsKind
    target: int  # `ADMINS`, or a member's id
    facts: Mapping[str, object]
    created_at: datetime
    channel_id: int | None = None
    message_id: int | None = None

    @property
    def forgotten(self) -> bool:
        """Whether the member had their data deleted: there is nobody to tell."""
        return self.target < 0


@dataclass(frozen=True, slots=True)
class IncidentsTold:
    """What `NewsKind.INCIDENTS` and `SUMMARY` say; of one subject, or of many.

    `opened` are as they are now, so that some may look right or be closed meanwhile; `closed` are
    those whose end is the news. Of one domain there is more: `changes` are those of the week before
    it broke, oldest first, and `place` is where its fixes are to be typed, None where that is not
    known. Of many there may be so many others of which nothing is said (`unlisted`).
    """

    opened: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    changes: tuple[tuple[datetime, SnapshotChanges], ...] = ()
    place: ZonePlace | None = None
    unlisted: int = 0


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One domain that is not green: since when, and the finding to begin with, if any."""

    subject: str
    status: Status
    next: str | None
    since: datetime | None
    finding: Finding | None = None
    known_at: datetime | None = None  # the latest look that found something out


@dataclass(frozen=True, slots=True)
class DigestTold:
    """What `NewsKind.DIGEST` says: `lines` of what is not green, among `total` domains.

    So many others that are not green have no line (`unlisted`).
    """

    at: datetime
    total: int
    lines: tuple[DigestLine, ...] = ()
    unlisted: int = 0


@dataclass(frozen=True, slots=True)
class CertificateTold:
    """What `NewsKind.CERTIFICATE` says: which certificate of the mail host ends when."""

    host: str
    ports: tuple[int, ...]
    ends_at: datetime
    days: int  # 21, 7 or 1: the threshold that was crossed


@dataclass(frozen=True, slots=True)
class AwaitedTold:
    """What `NewsKind.AWAITED` says; `finding` is what is in the way where it was given up."""

    awaited: Awaited
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class RotationTold:
    """What `NewsKind.ROTATION` says: one piece of news of a rotation as it is now.

    `place` is where the records are to be typed, None where that is not known; `members` is how
    many there are who are told of it, so that the admins know if there is nobody.
    """

    rotation: Rotation
    news: RotationNews
    place: ZonePlace | None = None
    members: int = 0


WatchTold = IncidentsTold | DigestTold | CertificateTold | AwaitedTold
Told = WatchTold | RotationTold
