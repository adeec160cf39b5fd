"""What the watch keeps of a subject between its looks, beside its open incidents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dns.name

from bot.checks.export.archive import dump_finding, load_finding
from bot.checks.finding import Check, Status
from bot.checks.zone_place import ZonePlace
from bot.watch.snapshot import Snapshot, dump_snapshot, load_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Finding


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A fault that one look saw: `began_at` is that look; none before `confirm_at` can confirm it.

    `check` is of the mail server's own report, empty where the fault was met at a domain.
    """

    began_at: datetime
    confirm_at: datetime
    check: str = ""


@dataclass(frozen=True, slots=True)
class WatchState:
    """What the watch keeps of a subject.

    `suspicions` are by the check, of the mail server by the fault. Of a domain: `usual` is how each
    check stood when it was no fault, `first` the finding to begin with, without its facts, `zone`
    the apex that it was found in. Of the mail server: `met` says by the fault at which domain it
    was met last, and `listed_at` is when it last told its domains.
    """

    snapshot: Snapshot = field(default_factory=Snapshot)
    suspicions: Mapping[str, Suspicion] = field(default_factory=lambda: MappingProxyType({}))
    usual: Mapping[Check, Status] = field(default_factory=lambda: MappingProxyType({}))
    first: Finding | None = None
    zone: str = ""
    met: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    listed_at: datetime | None = None

    @property
    def place(self) -> ZonePlace | None:
        """Where records of the domain are to be typed; None where that is not known yet."""
        if not self.zone:
            return None
        return ZonePlace(dns.name.from_text(self.zone), self.snapshot.name_servers)


def dump_state(state: WatchState) -> str:
    """Return the state as one line of JSON."""
    raw = {
        "snapshot": dump_snapshot(state.snapshot),
        "suspicions": {
            key: [one.began_at.isoformat(), one.confirm_at.isoformat(), one.check]
            for key, one in state.suspicions.items()
        },
        "usual": {check.value: status.value for check, status in state.usual.items()},
        "first": None if state.first is None else dump_finding(state.first),
        "zone": state.zone,
        "met": dict(state.met),
        "listed_at": None if state.listed_at is None else state.listed_at.isoformat(),
    }
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def load_state(text: str) -> WatchState:
    """Return the state that `dump_state` wrote; an empty text is that of a new subject."""
    if not text:
        return WatchState()
    raw: dict[str, Any] = json.loads(text)
    first, listed_at = raw["first"], raw["listed_at"]
    suspicions = {
        key: Suspicion(datetime.fromisoformat(began_at), datetime.fromisoformat(confirm_at), check)
        for key, (began_at, confirm_at, check) in raw["suspicions"].items()
    }
    usual = {Check(check): Status(status) for check, status in raw["usual"].items()}
    return WatchState(
        snapshot=load_snapshot(raw["snapshot"]),
        suspicions=MappingProxyType(suspicions),
        usual=MappingProxyType(usual),
        first=None if first is None else load_finding(first),
        zone=raw["zone"],
        met=MappingProxyType(raw["met"]),
        listed_at=None if listed_at is None else datetime.fromisoformat(listed_at),
    )
