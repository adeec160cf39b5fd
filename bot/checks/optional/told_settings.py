"""Compares what autoconfig and autodiscover answer with the settings that members are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import dns.name

from bot.checks.answers import leads_to, name_text
from bot.checks.finding import Check, Finding, Fix, Status
from bot.checks.optional.mail_config import Encryption, Login, NamedServer, Spoken, UserName
from bot.checks.report import SERVER_SIDE
from bot.records.client_settings import Protocol, Security, Service, client_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.observation import Observation
    from bot.checks.optional.discovery_places import DiscoveryAnswer
    from bot.checks.optional.host_reading import HostReading
    from bot.checks.optional.mail_config import MailConfig
    from bot.errors import Fact
    from bot.records.expected import Expected
    from bot.records.mail_server import MailServer

WRONG: Final = {Check.AUTOCONFIG: "autoconfig-wrong", Check.AUTODISCOVER: "autodiscover-wrong"}
_PROTOCOLS: Final = {
    Spoken.IMAP: Protocol.IMAP,
    Spoken.POP: Protocol.POP,
    Spoken.SMTP: Protocol.SMTP,
}
_ENCRYPTED: Final = {Security.TLS: Encryption.TLS, Security.STARTTLS: Encryption.STARTTLS}


class Otherwise(StrEnum):
    """In what an answer differs from our settings, the gravest first."""

    HOST = "host"  # a server of somebody else
    PLAIN = "plain"  # ours, without encryption
    PORT = "port"  # ours, at another port or with other encryption
    USER_NAME = "user-name"
    LOGIN = "login"
    OTHER_NAME = "other-name"  # a name that leads to our server, and is not the one of our settings


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that programs are told otherwise; `ours` is the service that they should use."""

    kind: Otherwise
    told: NamedServer
    ours: Service


def find_difference(
    expected: Expected, observed: Observation, answer: DiscoveryAnswer
) -> Difference | None:
    """Return the gravest difference between an answer and our settings; None where there is none.

    Of several servers of a kind programs take the first; none of the others may be somebody
    else's. What the DNS does not tell for sure is no difference.
    """
    if answer.config is None:
        return None
    found = list(_differences(expected, observed, answer.config, ours=answer.ours))
    return min(found, key=lambda d: tuple(Otherwise).index(d.kind), default=None)


def is_proven(
    check: Check, owner: dns.name.Name, expected: Expected, observed: Observation
) -> bool:
    """Whether programs get our settings by a name, wherever its records lead.

    They do where it answers with them, or sends them on to the mail server itself.
    """
    answers = [a for a in observed.discovery if (a.place.check, a.place.owner) == (check, owner)]
    if check is Check.AUTOCONFIG:
        answers = [a for a in answers if a.config is not None][:1]
    if any(find_difference(expected, observed, answer) for answer in answers):
        return False
    return any(a.config is not None or (a.ours and a.arrived) for a in answers)


def name_told(check: Check, owner: dns.name.Name, expected: Expected, observed: Observation) -> str:
    """Return the server that programs are told of by a name in place of ours; empty for none."""
    for answer in observed.discovery:
        if (answer.place.check, answer.place.owner) == (check, owner):
            difference = find_difference(expected, observed, answer)
            if difference is not None and difference.kind is Otherwise.HOST:
                return _place_of(difference.told)
    return ""


def judge_answers(
    check: Check, expected: Expected, observed: Observation, readings: list[HostReading]
) -> list[Finding]:
    """Return the findings about what was answered, by where the names of the check lead.

    A name that is known to lead to somebody else is the cause of what it answers, and its finding
    says what to type, so there is none about that. What our own server answers wrongly is its
    fault: `server-side`. Thunderbird takes the first answer that has settings; of autodiscover
    each counts, as programs differ in where they begin.
    """
    told = [a for a in observed.discovery if a.place.check is check and a.config is not None]
    if not told:
        return []
    if check is Check.AUTOCONFIG:
        told = told[:1]
    by_owner = {reading.owner: reading for reading in readings}
    findings: dict[str, Finding] = {}
    for answer in told:
        difference = find_difference(expected, observed, answer)
        reading = by_owner.get(answer.place.owner)
        if difference is None:
            continue
        if answer.ours or (reading is not None and reading.right):
            what: dict[str, Fact] = {"what": f"{check.value}-answer"}
            findings.setdefault(SERVER_SIDE, Finding(check, SERVER_SIDE, Status.INFO, what))
        elif not _is_explained(check, answer, readings):
            fixes = _fixes(check, expected, answer, readings)
            wrong = _report(check, answer, difference, fixes)
            findings.setdefault(wrong.code, wrong)
    return list(findings.values())


def _is_explained(check: Check, answer: DiscoveryAnswer, readings: list[HostReading]) -> bool:
    """Whether a name of the check leads to somebody else, and that comes before this answer."""
    foreign = {r.owner for r in readings if not (r.right or r.absent or r.lent)}
    return answer.place.owner in foreign or (check is Check.AUTOCONFIG and bool(foreign))


def _fixes(
    check: Check, expected: Expected, answer: DiscoveryAnswer, readings: list[HostReading]
) -> tuple[Fix, ...]:
    """Return the record that programs ask before what answers wrongly; none where nothing does.

    Outlook asks the domain's own web server before all else, so no record helps there.
    """
    at_website = answer.place.owner == expected.domain.name
    if check.value not in expected.server.offer or (at_website and check is Check.AUTODISCOVER):
        return ()
    free = (r for r in readings if r.absent or r.lent)
    return next((reading.fixes for reading in free), ())


def _report(
    check: Check, answer: DiscoveryAnswer, difference: Difference, fixes: tuple[Fix, ...]
) -> Finding:
    told, ours = difference.told, difference.ours
    facts: dict[str, Fact] = {
        "url": answer.place.url,
        "at": name_text(answer.place.host),
        "what": difference.kind.value,
        "spoken": told.spoken.value,
        "told": _place_of(told),
        "encryption": told.encryption.value,
        "ours": f"{ours.host}:{ours.port}",
        "security": ours.security.value,
        "name": name_text(fixes[0].owner) if fixes else "",
    }
    return Finding(check, WRONG[check], Status.WARN, facts, fixes)


def _place_of(server: NamedServer) -> str:
    return server.host if server.port is None else f"{server.host}:{server.port}"


def _differences(
    expected: Expected, observed: Observation, config: MailConfig, *, ours: bool
) -> Iterator[Difference]:
    host = expected.server.host
    for servers in (config.incoming, config.outgoing):
        for number, told in enumerate(servers):
            name = dns.name.from_text(f"{told.host}.")
            leads = leads_to(observed, name, host)
            right = _service_for(expected.server, told)
            if leads is False:
                yield Difference(Otherwise.HOST, told, right)
            elif number == 0 and leads:
                if name != host and not ours:  # its own other name is one that it has thought of
                    yield Difference(Otherwise.OTHER_NAME, told, right)
                yield from _details(expected.server, told, right)


def _details(server: MailServer, told: NamedServer, right: Service) -> Iterator[Difference]:
    """Give what is otherwise about the first server of a kind, which is ours."""
    if told.spoken not in _PROTOCOLS:
        return  # where ActiveSync or Exchange is, is all that is said of them
    ways = _ways(server, _PROTOCOLS[told.spoken])
    if told.encryption is Encryption.NONE:
        yield Difference(Otherwise.PLAIN, told, right)
    elif not any(_fits(told, way) for way in ways):
        yield Difference(Otherwise.PORT, told, right)
    if told.user_name is not UserName.ADDRESS:
        yield Difference(Otherwise.USER_NAME, told, right)
    if told.login is not Login.PASSWORD:
        yield Difference(Otherwise.LOGIN, told, right)


def _fits(told: NamedServer, way: Service) -> bool:
    usual = told.encryption is Encryption.USUAL
    return told.port in {None, way.port} and (usual or told.encryption is _ENCRYPTED[way.security])


def _ways(server: MailServer, protocol: Protocol) -> tuple[Service, ...]:
    return client_settings(server).of(protocol)


def _service_for(server: MailServer, told: NamedServer) -> Service:
    """Return what should be used in place of a server: of the same kind, where we offer that."""
    wanted = _PROTOCOLS.get(told.spoken, Protocol.IMAP)
    return (_ways(server, wanted) or _ways(server, Protocol.IMAP))[0]
