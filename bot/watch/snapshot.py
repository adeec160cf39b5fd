"""What a look at a domain saw, as short as it can be kept and compared: its facts and faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.checks.finding import Check, Status
from bot.checks.report import is_of_other_key, status_without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import CheckResult, Report

MOST_FOUND = 12  # records of one check that are kept, and octets of each
LONGEST_FOUND = 512

# The code of what is right again as soon as another record is.
_FOLLOWING = frozenset({"spf-follows-mx"})


@dataclass(frozen=True, slots=True)
class CheckState:
    """How one check stood: its status, the codes of its findings, and the records found, sorted."""

    status: Status
    codes: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How all checks of a domain stood that are known, and its name servers.

    What a look could not find out is as it was known before, if it ever was. The mail server's own
    check is none of the domain.
    """

    checks: Mapping[Check, CheckState] = field(default_factory=lambda: MappingProxyType({}))
    name_servers: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The worst status of all checks; unknown where nothing is known."""
        statuses = (state.status for state in self.checks.values())
        return max(statuses, key=lambda status: status.rank, default=Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CheckChange:
    """How one check stood before and after; None where it was not known before."""

    check: Check
    before: CheckState | None
    after: CheckState


@dataclass(frozen=True, slots=True)
class SnapshotChanges:
    """What changed between two snapshots of a domain; empty where nothing did.

    `name_servers` are those before and after, None where they are the same.
    """

    checks: tuple[CheckChange, ...] = ()
    name_servers: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def __bool__(self) -> bool:
        """Whether there is any change."""
        return bool(self.checks) or self.name_servers is not None


def known_status(result: CheckResult, report: Report) -> Status:
    """Return how a check stands by itself: unknown where its status only follows from another's.

    Every status but pass has a finding that says why; one that has none was left out as a
    consequence, or as the mail server's own fault.
    """
    own = [finding for finding in report.findings if finding.check is result.check]
    if status_without(result, report, is_of_other_key) is Status.UNKNOWN:
        return Status.UNKNOWN  # what is known of another key says nothing of the one that signs
    follows = all(f.facts.get("repeat") is True or f.code in _FOLLOWING for f in own)
    if follows and result.status is not Status.PASS:
        return Status.UNKNOWN
    return result.status


def take_snapshot(report: Report, before: Snapshot) -> Snapshot:
    """Return how a domain stands by a report; what is unknown there stays as it was before."""
    checks = dict(before.checks)
    for result in report.results:
        status = known_status(result, report)
        if not isinstance(result.check, Check) or result.check is Check.SERVER:
            continue
        if status is Status.UNKNOWN:
            continue
        codes = tuple(sorted({f.code for f in report.findings if f.check is result.check}))
        found = tuple(sorted(text[:LONGEST_FOUND] for text in result.found[:MOST_FOUND]))
        checks[result.check] = CheckState(status, codes, found)
    return Snapshot(MappingProxyType(checks), report.name_servers or before.name_servers)


def compare_snapshots(before: Snapshot, after: Snapshot) -> SnapshotChanges:
    """Return what changed, in the order of the report."""
    checks = tuple(
        CheckChange(check, before.checks.get(check), after.checks[check])
        for check in Check
        if check in after.checks and before.checks.get(check) != after.checks[check]
    )
    moved = before.name_servers != after.name_servers
    return SnapshotChanges(checks, (before.name_servers, after.name_servers) if moved else None)


def dump_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON-ready values."""
    checks = {check.value: _dump_state(state) for check, state in snapshot.checks.items()}
    return {"checks": checks, "name_servers": list(snapshot.name_servers)}


def load_snapshot(raw: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that `dump_snapshot` wrote."""
    checks = {Check(key): _load_state(state) for key, state in raw["checks"].items()}
    return Snapshot(MappingProxyType(checks), tuple(raw["name_servers"]))


def dump_changes(changes: SnapshotChanges) -> str:
    """Return changes as one line of JSON, for the history."""
    checks = {
        change.check.value: [
            None if change.before is None else _dump_state(change.before),
            _dump_state(change.after),
        ]
        for change in changes.checks
    }
    raw: dict[str, Any] = {"checks": checks}
    if changes.name_servers is not None:
        raw["name_servers"] = [list(servers) for servers in changes.name_servers]
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def load_changes(text: str) -> SnapshotChanges:
    """Return the changes that `dump_changes` wrote."""
    raw = json.loads(text)
    checks = tuple(
        CheckChange(Check(key), None if before is None else _load_state(before), _load_state(after))
        for key, (before, after) in raw["checks"].items()
    )
    moved = raw.get("name_servers")
    return SnapshotChanges(checks, None if moved is None else (tuple(moved[0]), tuple(moved[1])))


def _dump_state(state: CheckState) -> list[Any]:
    return [state.status.value, list(state.codes), list(state.found)]


def _load_state(raw: list[Any]) -> CheckState:
    status, codes, found = raw
    return CheckState(Status(status), tuple(codes), tuple(found))
