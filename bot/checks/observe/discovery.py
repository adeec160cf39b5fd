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
from typing import TYPE_CHECKING, Final
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
    DiscoveryAnswer,
    DiscoveryPlace,
    autoconfig_places,
    autodiscover_places,
    json_path,
    made_up_address,
    request_for,
    srv_place,
)
from bot.checks.optional.host_reading import SRV_LABEL
from bot.checks.optional.mail_config import AskElsewhere, MailConfig
from bot.dns.answer import Question
from bot.net.page import FetchOutcome, Page

if TYPE_CHECKING:
    from bot.checks.observe.optional_records import PageFetcher
    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Ask
    from bot.names import Domain
    from bot.records.expected import Expected

LONGEST: Final = 2.0  # seconds, for all places together
MOST_HOPS: Final = 4  # redirects from one place
_MOST_NAMES: Final = 18  # questions about names that lead to web servers
_MOST_HOSTS: Final = 2  # servers named in answers whose addresses are asked for
_PORTS: Final = {"https": 443, "http": 80}
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
    places = [*autoconfig_places(expected.domain), *autodiscover_places(expected.domain)]
    tasks: list[asyncio.Task[DiscoveryAnswer | None]] = [
        *(asyncio.create_task(look.at(place)) for place in places),
        asyncio.create_task(look.at_service(expected.domain)),
    ]
    try:
        await asyncio.wait(tasks, timeout=LONGEST)
        found = [task.result() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    answers = tuple(answer for answer in found if answer is not None)
    hosts = dict.fromkeys(host for a in answers if a.config for host in a.config.hosts)
    others = [host for host in hosts if host != expected.server.host_text][:_MOST_HOSTS]
    questions.start(Question.of(f"{host}.", rdtype) for host in others for rdtype in ADDRESS_TYPES)
    return answers


class _Look:
    """Asks places for one domain."""

    def __init__(self, questions: Questions, expected: Expected, fetch: PageFetcher) -> None:
        self._questions = questions
        self._ask: Ask = questions.limited(_MOST_NAMES)
        self._server = expected.server.host
        self._fetch = fetch
        self._address = made_up_address(expected.domain)

    async def at_service(self, domain: Domain) -> DiscoveryAnswer | None:
        """Ask what the SRV record names; return None where it names nothing."""
        name = domain.below(SRV_LABEL)
        if name is None:
            return None
        place = srv_place(await self._questions(name, dns.rdatatype.SRV))
        return None if place is None else await self.at(place)

    async def at(self, place: DiscoveryPlace) -> DiscoveryAnswer:
        """Ask a place, and where its redirects lead."""
        host, path, plain = place.host, place.path + place.query, place.plain
        seen = set[tuple[dns.name.Name, str, bool]]()
        while True:
            seen.add((host, path, plain))
            ours = await self._is_ours(host)
            if ours and plain:
                # It sends everybody on to HTTPS, where it is asked in any case.
                return DiscoveryAnswer(place, FetchOutcome.REDIRECT, ours=ours)
            page, config = await self._read(place, host, path, plain=plain, ours=ours)
            where = config.url if isinstance(config, AskElsewhere) else page.location
            target = _target(where, _url(host, path, plain=plain), place.check) if where else None
            if target is None or target in seen or len(seen) > MOST_HOPS:
                told = config if isinstance(config, MailConfig) else None
                return DiscoveryAnswer(place, page.reached, ours, told)
            host, path, plain = target

    async def _read(
        self, place: DiscoveryPlace, host: dns.name.Name, path: str, *, plain: bool, ours: bool
    ) -> tuple[Page, MailConfig | AskElsewhere | None]:
        if place.check is Check.AUTOCONFIG:
            page = await self._fetch(self._ask, host, path, plain=plain)
            return page, parse_autoconfig(page.body, self._address)
        if plain:  # only a redirect counts there: nobody sends a password
            return await self._fetch(self._ask, host, path, plain=True), None
        if ours:
            page = await self._fetch(self._ask, host, json_path(self._address))
            if page.status != http.HTTPStatus.NOT_FOUND:
                return page, parse_autodiscover_json(page.body)
        page = await self._fetch(self._ask, host, path, post=request_for(self._address))
        return page, parse_autodiscover(page.body, self._address)

    async def _is_ours(self, host: dns.name.Name) -> bool:
        """Whether a name leads to the mail server, and nowhere else."""
        if host == self._server:
            return True
        theirs, own = await asyncio.gather(self._addresses(host), self._addresses(self._server))
        return bool(theirs) and theirs <= own

    async def _addresses(self, name: dns.name.Name) -> set[str]:
        found = await asyncio.gather(*(self._ask(name, rdtype) for rdtype in ADDRESS_TYPES))
        return {address for answer in found for address in answer.addresses()}


def _target(where: str, base: str, check: Check) -> tuple[dns.name.Name, str, bool] | None:
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


def _url(host: dns.name.Name, path: str, *, plain: bool) -> str:
    return f"{'http' if plain else 'https'}://{host.to_text(omit_final_dot=True)}{path}"
