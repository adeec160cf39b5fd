"""Asks autoconfig and autodiscover what they tell mail programs, as these ask them.

All places are asked side by side, each with an end in time, and each redirect is guarded anew. The
mail server itself is never asked for the settings of an address that does not exist where it may
take that for somebody who guesses: Mailcow counts it like a wrong password, and shuts such people
out. No password is ever sent; who wants one has not been looked at.
"""

from __future__ import annotations

import asyncio
import http
import re
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import dns.name
import dns.rdatatype

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.finding import Check
from bot.checks.optional.discovery_answers import (
    host_of_url,
    parse_autoconfig,
    parse_autodiscover,
    parse_autodiscover_json,
)
from bot.checks.optional.discovery_places import (
    OWN_PATHS,
    DiscoveryAnswer,
    DiscoveryPlace,
    autoconfig_places,
    autodiscover_places,
    json_path,
    made_up_address,
    request_for,
    srv_place,
    url_of,
)
from bot.checks.optional.host_reading import SRV_LABEL
from bot.checks.optional.mail_config import AskElsewhere, MailConfig
from bot.dns.answer import Answer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.observe.optional_records import PageFetcher
    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Ask
    from bot.dns.owner_name import AnyName
    from bot.net.page import Page
    from bot.records.expected import Expected

LONGEST: Final = 2.0  # seconds, for all places together
MOST_HOPS: Final = 4  # redirects from one place
_MOST_NAMES: Final = 18  # questions about names that lead to web servers
_MOST_HOSTS: Final = 2  # servers named in answers whose addresses are asked for
_PORTS: Final = {"https": 443, "http": 80}
_Target = tuple[dns.name.Name, str, bool]  # a host, a path with its query, whether without TLS
_PATH: Final = re.compile(r"/[!-~]{0,2000}")


async def discover(
    questions: Questions, expected: Expected, fetch: PageFetcher | None
) -> tuple[DiscoveryAnswer, ...]:
    """Return what each place answered, after `LONGEST` seconds at most; never raises.

    What it takes to judge the answers, the addresses of servers that they name, is asked as well.
    """
    if fetch is None:
        return ()
    look = _Look(questions, expected, fetch)
    task = asyncio.create_task(look.at_all_places())
    try:
        done, _ = await asyncio.wait([task], timeout=LONGEST)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for finished in done:
        finished.result()  # no answer is a value, so what is raised is a fault of ours
    answers = look.answers
    hosts = dict.fromkeys(host for a in answers if a.config for host in a.config.hosts)
    others = [host for host in hosts if host != expected.server.host_text][:_MOST_HOSTS]
    questions.start(Question.of(f"{host}.", rdtype) for host in others for rdtype in ADDRESS_TYPES)
    return answers


class _Host(NamedTuple):
    """A name that leads to a web server, with its addresses: asked for once, for all its places."""

    name: dns.name.Name
    answers: Mapping[dns.rdatatype.RdataType, Answer]
    addresses: frozenset[str]
    ours: bool  # it leads to the mail server, and nowhere else
    may_be_ours: bool  # it leads there too, or where the mail server is could not be found out

    async def ask(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Answer what the guard asks of the name itself."""
        question = Question.of(name, rdtype)
        known = self.answers.get(question.rdtype) if question.name == self.name else None
        return known or Answer(question, Outcome.REFUSED, unasked=True)


class _Look:
    """Asks the places of one domain, and keeps what each has answered by now."""

    def __init__(self, questions: Questions, expected: Expected, fetch: PageFetcher) -> None:
        self._ask: Ask = questions.limited(_MOST_NAMES)
        self._domain = expected.domain
        self._server = expected.server.host
        self._fetch = fetch
        self._address = made_up_address(expected.domain)
        self._found: dict[int, DiscoveryAnswer] = {}  # by the turn of a place

    @property
    def answers(self) -> tuple[DiscoveryAnswer, ...]:
        """What came back by now, in the order in which programs ask."""
        return tuple(answer for _, answer in sorted(self._found.items(), key=itemgetter(0)))

    async def at_all_places(self) -> None:
        """Ask all places side by side."""
        places = [*autoconfig_places(self._domain), *autodiscover_places(self._domain)]
        turns = list(enumerate(places))
        hosts = dict.fromkeys(place.host for place in places)
        by_host = ((host, [turn for turn in turns if turn[1].host == host]) for host in hosts)
        asked = [self._at_host(host, at) for host, at in by_host]
        await asyncio.gather(*asked, self._at_service(len(places)))

    async def _at_service(self, turn: int) -> None:
        """Ask what the SRV record names."""
        name = self._domain.below(SRV_LABEL)
        place = None if name is None else srv_place(await self._ask(name, dns.rdatatype.SRV))
        if place is not None:
            await self._at_host(place.host, [(turn, place)])

    async def _at_host(
        self, name: dns.name.Name, places: Iterable[tuple[int, DiscoveryPlace]]
    ) -> None:
        """Ask the places of one host, where it has an address."""
        host = await self._look_up(name)
        if host.addresses:
            # What our own server says without TLS is where it is asked in any case.
            at = (turn for turn in places if not (host.ours and turn[1].plain))
            await asyncio.gather(*(self._at(turn, place, host) for turn, place in at))

    async def _at(self, turn: int, place: DiscoveryPlace, host: _Host) -> None:
        """Ask a place, and where its redirects lead."""
        path, plain = place.path + place.query, place.plain
        seen = [(host.name, path, plain)]
        while True:
            page, config = await self._read(place, host, path, plain=plain)
            where = config.url if isinstance(config, AskElsewhere) else page.location
            base = url_of(host.name, path, plain=plain)
            target = _target(where, base, place.check) if where else None
            follows = target is not None and target not in seen and len(seen) <= MOST_HOPS
            there = await self._follow(host, target) if target is not None and follows else None
            if there is None:
                told = config if isinstance(config, MailConfig) else None
                self._found[turn] = DiscoveryAnswer(place, page.reached, host.ours, told)
                return
            host, path, plain = there
            seen.append((host.name, path, plain))

    async def _follow(self, host: _Host, target: _Target) -> tuple[_Host, str, bool] | None:
        """Return where a redirect of a host leads; None where nobody is to be led.

        A stranger says that our own server is asked, but not for what: it has addresses that do
        something, and what is at others is no proof that programs get their settings.
        """
        name, path, plain = target
        there = host if name == host.name else await self._look_up(name)
        is_led = there.may_be_ours and not host.ours
        known = path.partition("?")[0].lower() in OWN_PATHS
        return None if is_led and not known else (there, path, plain)

    async def _read(
        self, place: DiscoveryPlace, host: _Host, path: str, *, plain: bool
    ) -> tuple[Page, MailConfig | AskElsewhere | None]:
        fetch = partial(self._fetch, host.ask, host.name)
        if place.check is Check.AUTOCONFIG:
            page = await fetch(path, plain=plain)
            return page, parse_autoconfig(page.body, self._address)
        if plain:  # only a redirect counts there: nobody sends a password
            return await fetch(path, plain=True), None
        if host.may_be_ours:
            page = await fetch(json_path(self._address))
            if page.status != http.HTTPStatus.NOT_FOUND or not host.ours:
                return page, parse_autodiscover_json(page.body)
        page = await fetch(path, post=request_for(self._address))
        return page, parse_autodiscover(page.body, self._address)

    async def _look_up(self, name: dns.name.Name) -> _Host:
        asked = [self._ask(host, t) for host in (name, self._server) for t in ADDRESS_TYPES]
        ipv4, ipv6, *own = await asyncio.gather(*asked)
        theirs = frozenset((*ipv4.addresses(), *ipv6.addresses()))
        ours = {address for answer in own for address in answer.addresses()}
        unknown = any(answer.failed for answer in own)
        answers = dict(zip(ADDRESS_TYPES, (ipv4, ipv6), strict=True))
        sure = bool(theirs) and theirs <= ours
        return _Host(name, answers, theirs, sure, unknown or not theirs.isdisjoint(ours))


def _target(where: str, base: str, check: Check) -> _Target | None:
    """Return host and path that a redirect leads to, and whether without TLS.

    None where nobody follows it: to an address instead of a name, to another port, to what is no
    path, or from autodiscover to a place without TLS.
    """
    try:
        url = urljoin(base, where)
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = host_of_url(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    plain = parts.scheme == "http"
    if not host or host.rpartition(".")[2].isdigit() or not _PATH.fullmatch(path):
        return None
    if port not in {None, _PORTS[parts.scheme]} or (plain and check is Check.AUTODISCOVER):
        return None
    return dns.name.from_text(f"{host}."), path, plain
