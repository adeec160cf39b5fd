"""Judges the ports that mail programs connect to: whether they answer, and how TLS goes there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.checks.finding import Finding, Note, ServerCheck, Status, Verdict
from bot.checks.server.shown_certificates import judge_certificates
from bot.net.port_look import MX_PORT, PortLook, Reached, Speaks, TlsState, proven_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.errors import Fact

# Without these, members cannot read or send mail; the others have something to fall back on.
_NEEDED: Final = frozenset({Speaks.IMAP, Speaks.SMTP, Speaks.HTTPS})
_IN_CLEAR: Final = frozenset({"PLAIN", "LOGIN", "USER"})  # ways to log in that send the password
_MASKED: Final = "XXX"  # what some firewalls write over words that they do not know
_LONGEST_SAID: Final = 100

# What the admin is told that members met, by the first words of a finding's code.
_FAULTS: Final = (
    ("server-port-", "ports-closed"),
    ("server-tls-", "ports-tls"),
    ("server-cert-ends", "certificate-ends"),
    ("server-cert-", "certificate-wrong"),
)


def was_looked_at(looks: Iterable[PortLook]) -> bool:
    """Whether there was a host to look at: one in examples has an address that is nobody's."""
    return any(look.reached is not Reached.PRIVATE for look in looks)


def relevant(looks: Iterable[PortLook], *, pop: bool) -> tuple[PortLook, ...]:
    """Return the looks that are judged: without those at POP where it is not offered."""
    return tuple(look for look in looks if pop or look.port.speaks is not Speaks.POP)


def judge_ports(every: Sequence[PortLook], *, pop: bool) -> Verdict:
    """Return whether each port answers as a mail program wants it, with TLS of today.

    Of several ports with the same fault there is one finding; its fact `ports` names them.
    """
    check = ServerCheck.PORTS
    found = _found_at(every)
    looks = relevant(every, pop=pop)
    # A machine that is let out to none of them, as one without IPv6, says so of each.
    shut_in = {look.reached for look in looks} == {Reached.BLOCKED}
    if not shut_in and not any(look.is_answered for look in looks):
        refused = any(look.reached is Reached.CLOSED for look in looks)
        nothing = Finding(check, "server-port-none", Status.UNKNOWN, {"refused": refused})
        return Verdict(check, (nothing,), found=found)
    findings = _Findings(looks)
    for fault in (
        _closed,
        _elsewhere,
        _odd,
        _missing,
        _refused,
        _failed,
        _mixed,
        _old,
        _plain_login,
        _unseen,
    ):
        findings.take(fault)
    mx = next((look for look in looks if look.port == MX_PORT), None)
    # Networks shut the way out to this port more often than to any other.
    shut = mx is not None and not mx.is_answered
    note = Note("mx-port-unseen", {"port": MX_PORT.number}) if shut else None
    return Verdict(check, findings.of_all(), found=found, note=note)


def port_faults(looks: Sequence[PortLook], now: datetime) -> tuple[str, ...]:
    """Return what keeps members from reading or sending mail, or soon will; in the admin's words.

    What is only at risk, or has another way that works, is for the report alone.
    """
    if any(look.reached is Reached.NO_ADDRESS for look in looks):
        return ("host-without-address",)
    needed = [k for k in looks if k.port.speaks in _NEEDED and k.port != MX_PORT]
    verdicts = judge_ports(needed, pop=False), judge_certificates(needed, now)
    codes = [
        finding.code
        for verdict in verdicts
        for finding in verdict.findings
        if finding.severity is Status.FAIL or finding.code == "server-cert-ends"
    ]
    working = {look.port.speaks for look in needed if look.works} | {Speaks.HTTPS}
    if any(port.speaks in _NEEDED - working for port in proven_closed(looks)):
        codes.append("server-port-closed")
    whats = (next(what for start, what in _FAULTS if code.startswith(start)) for code in codes)
    return tuple(dict.fromkeys(whats))


class _Fault(NamedTuple):
    """What is wrong with a port; `told` are the facts of its finding, but for the ports."""

    code: str
    severity: Status
    told: tuple[tuple[str, Fact], ...] = ()

    @property
    def facts(self) -> dict[str, Fact]:
        return dict(self.told)


class _Findings:
    """Findings of all ports, those of which the same is to be said put together."""

    def __init__(self, looks: Sequence[PortLook]) -> None:
        self.looks = looks
        self._closed = proven_closed(looks)
        self._found: dict[_Fault, list[PortLook]] = {}

    def take(self, fault: Callable[[_Findings, PortLook], _Fault | None]) -> None:
        for look in self.looks:
            told = fault(self, look)
            if told is not None:
                self._found.setdefault(told, []).append(look)

    def of_all(self) -> tuple[Finding, ...]:
        rows = sorted(self._found.items(), key=lambda row: -row[0].severity.rank)
        return tuple(
            Finding(ServerCheck.PORTS, fault.code, fault.severity, {**fault.facts, "ports": names})
            for fault, looks in rows
            for names in [tuple(look.port.text for look in looks)]
        )

    def is_closed(self, look: PortLook) -> bool:
        return look.port in self._closed

    def beside(self, look: PortLook) -> Iterator[PortLook]:
        """Yield the looks at the other port of the same protocol, for clients too."""
        for other in self.looks:
            ports = {look.port, other.port}
            is_pair = len({port.speaks for port in ports}) == 1 and len(ports) == 2
            if is_pair and MX_PORT not in ports:
                yield other

    def severity(self, look: PortLook) -> Status:
        """Return how grave it is that a port cannot be used: there may be another way."""
        needed = look.port.speaks in _NEEDED and look.port != MX_PORT
        other_way = any(other.works for other in self.beside(look))
        return Status.FAIL if needed and not other_way else Status.WARN


def _closed(seen: _Findings, look: PortLook) -> _Fault | None:
    if not seen.is_closed(look):
        return None
    if look.port.speaks is Speaks.POP:
        return _Fault("server-port-pop-closed", Status.INFO)
    pair = list(seen.beside(look))
    if look.port.speaks in {Speaks.IMAP, Speaks.SMTP} and pair and all(map(seen.is_closed, pair)):
        told = (("reads", look.port.speaks is Speaks.IMAP),)
        return _Fault("server-port-pair-closed", Status.FAIL, told)
    return _Fault("server-port-closed", Status.WARN)


def _elsewhere(_: _Findings, look: PortLook) -> _Fault | None:
    if look.reached is not Reached.OPEN or not look.refused_at:
        return None
    told = ("address", look.address), ("addresses", look.refused_at)
    return _Fault("server-port-one-address", Status.WARN, told)


def _odd(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.reached is not Reached.ODD:
        return None
    return _Fault("server-port-odd", seen.severity(look), (("said", _said(look)),))


def _missing(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.tls is not TlsState.NOT_OFFERED:
        return None
    masked = any(word.startswith(_MASKED) for word in look.can_before)
    return _Fault("server-tls-missing", seen.severity(look), (("masked", masked),))


def _refused(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.tls is not TlsState.REFUSED:
        return None
    return _Fault("server-tls-refused", seen.severity(look), (("said", _said(look)),))


def _failed(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.reached is not Reached.OPEN or look.tls is not TlsState.FAILED:
        return None
    return _Fault("server-tls-failed", seen.severity(look), (("version", look.tls_version),))


def _mixed(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.tls is not TlsState.MIXED:
        return None
    return _Fault("server-tls-mixed", seen.severity(look))


def _old(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.tls is not TlsState.OLD:
        return None
    return _Fault("server-tls-old", seen.severity(look), (("version", look.tls_version),))


def _plain_login(seen: _Findings, look: PortLook) -> _Fault | None:
    if _IN_CLEAR.isdisjoint(look.logins_before):
        return None
    # It is the same setting at each port, so that the ways of all of them are named at once.
    every = (way for other in seen.looks for way in other.logins_before if way in _IN_CLEAR)
    return _Fault("server-tls-plain-login", Status.WARN, (("logins", tuple(dict.fromkeys(every))),))


def _unseen(seen: _Findings, look: PortLook) -> _Fault | None:
    if look.port == MX_PORT and not look.is_answered:
        return None  # it has a note of its own
    if look.reached is Reached.BLOCKED:
        return _Fault("server-port-blocked", Status.UNKNOWN)
    if look.reached is Reached.TURNED_AWAY:
        return _Fault("server-port-turned-away", Status.UNKNOWN, (("said", _said(look)),))
    silent = look.reached is Reached.NO_ANSWER or look.tls is TlsState.SILENT
    if silent or (look.reached is Reached.CLOSED and not seen.is_closed(look)):
        return _Fault("server-port-silent", Status.UNKNOWN)
    return None


def _said(look: PortLook) -> str:
    return look.said[:_LONGEST_SAID]


def _found_at(looks: Sequence[PortLook]) -> tuple[str, ...]:
    """Return what was found, in a few words of the protocols, with the ports of which it is so."""
    found: dict[str, list[str]] = defaultdict(list)
    closed = proven_closed(looks)
    for look in looks:
        tls = look.tls_version or (look.tls.value if look.tls is not TlsState.NOT_TRIED else "")
        refused = look.reached is Reached.CLOSED and look.port not in closed
        reached = "refused" if refused else look.reached.value
        found[f"{reached} {tls}".strip()].append(str(look.port.number))
    return tuple(f"{how}: {', '.join(numbers)}" for how, numbers in found.items())
