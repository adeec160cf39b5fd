"""Settings by what was seen at the mail server's ports: what is proven to work comes first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.net.port_look import Reached, ServicePort, Speaks, proven_closed
from bot.records.client_settings import Direction, Protocol, Security

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.net.port_look import PortLook
    from bot.records.client_settings import ClientSettings, Service

_SPOKEN: Final = {
    Protocol.IMAP: Speaks.IMAP,
    Protocol.SMTP: Speaks.SMTP,
    Protocol.POP: Speaks.POP,
}


class LiveState(StrEnum):
    """Whether a member can read and send mail right now."""

    UNASKED = "unasked"  # nobody looks
    LOOKING = "looking"  # a look is under way
    WORKS = "works"  # there is a proven way for both
    FAULTY = "faulty"  # for one of them no way works, and one is proven not to
    UNKNOWN = "unknown"  # could not be found out


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Settings for one mail client in the order that was found best, and how they stand.

    `concerned` are the directions that a faulty or unknown state is about.
    """

    settings: ClientSettings
    state: LiveState
    at: datetime | None = None  # when the ports were looked at
    concerned: tuple[Direction, ...] = ()

    @classmethod
    def unasked(cls, settings: ClientSettings) -> LiveSettings:
        """Return settings of which nothing is said but what they are."""
        return cls(settings, LiveState.UNASKED)

    @classmethod
    def looking(cls, settings: ClientSettings) -> LiveSettings:
        """Return settings whose ports are being looked at."""
        return cls(settings, LiveState.LOOKING)

    @classmethod
    def unknown(cls, settings: ClientSettings) -> LiveSettings:
        """Return settings whose ports could not be looked at."""
        return weigh_ports(settings, (), None)


def weigh_ports(
    settings: ClientSettings, looks: Iterable[PortLook], at: datetime | None
) -> LiveSettings:
    """Return the settings by what a look at the ports came to, and how they stand.

    Of each protocol come first the ways that work, then those of which nothing is known. A way
    that is proven closed is left out where another works, and POP where both its ports are. The
    settings stay whole where nothing works: the fault is the server's, and it will pass.
    """
    given = tuple(looks)
    closed = proven_closed(given)
    known = {
        look.port: look
        for look in given
        if look.is_known and (look.reached is not Reached.CLOSED or look.port in closed)
    }
    found = tuple(
        service
        for protocol in (Protocol.IMAP, Protocol.SMTP, Protocol.POP)
        for service in _order(settings.of(protocol), known)
    )
    pop = [_look_at(service, known) for service in settings.of(Protocol.POP)]
    pop_works = any(look is not None and look.works for look in pop)
    ordered = replace(
        settings,
        services=_by_choice(found),
        pop_unknown=bool(pop) and not pop_works and None in pop,
    )
    faulty: list[Direction] = []
    unknown: list[Direction] = []
    for protocol, direction in (
        (Protocol.IMAP, Direction.INCOMING),
        (Protocol.SMTP, Direction.OUTGOING),
    ):
        ways = [_look_at(service, known) for service in settings.of(protocol)]
        if any(look is not None and look.works for look in ways):
            continue
        (unknown if set(ways) == {None} else faulty).append(direction)
    if faulty:
        return LiveSettings(ordered, LiveState.FAULTY, at, tuple(faulty))
    if unknown:
        return LiveSettings(ordered, LiveState.UNKNOWN, at, tuple(unknown))
    return LiveSettings(ordered, LiveState.WORKS, at)


def _order(
    services: tuple[Service, ...], looks: Mapping[ServicePort, PortLook]
) -> tuple[Service, ...]:
    """Return the ways of one protocol, the best first and marked as preferred."""
    seen = [(_look_at(service, looks), service) for service in services]
    closed = [look is not None and look.reached is Reached.CLOSED for look, _ in seen]
    works = any(look is not None and look.works for look, _ in seen)
    if works or (services and services[0].protocol is Protocol.POP and all(closed)):
        seen = [pair for pair, is_closed in zip(seen, closed, strict=True) if not is_closed]
    ordered = sorted(seen, key=lambda pair: _rank(pair[0]))
    return tuple(
        replace(service, preferred=place == 0) for place, (_, service) in enumerate(ordered)
    )


def _by_choice(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return what to try first of reading and sending before what to try then, POP last."""
    return tuple(sorted(services, key=lambda s: (s.protocol is Protocol.POP, not s.preferred)))


def _rank(look: PortLook | None) -> int:
    if look is None:
        return 1
    return 0 if look.works else 2


def _look_at(service: Service, looks: Mapping[ServicePort, PortLook]) -> PortLook | None:
    """Return what was found out of a way; None where nothing was."""
    starttls = service.security is Security.STARTTLS
    return looks.get(ServicePort(_SPOKEN[service.protocol], service.port, starttls))
