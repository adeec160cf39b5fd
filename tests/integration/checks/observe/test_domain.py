"""Asking everything about a domain: at once, each question once, within bounds; real sockets."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdatatype
import pytest

from bot.checks.observe.domain import observe
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.checks.observe.zone import find_place
from bot.checks.report import is_all_right
from bot.checks.zone_place import ZonePlace
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.services.domain_check import Checker, ServerAnswers
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.demo.zone_server import ZoneServer
    from bot.dns.answer import Ask
    from bot.dns.owner_name import AnyName
    from conftest import Case, CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]

DELAY = 0.05  # seconds that each reply waits
DOMAIN = Domain.from_ascii("friend.example")
HOST = dns.name.from_text("mx1.cow.example.")
SERVER = MailServer(
    host=HOST,
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)


@pytest.fixture
async def resolver() -> AsyncIterator[Callable[[ZoneServer], Resolver]]:
    """Make resolvers that ask one zone server, closed after the test."""
    made = []

    def make(server: ZoneServer) -> Resolver:
        made.append(Resolver([Server(*server.address)]))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def expected(case_file: CaseFile) -> Expected:
    key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
    return expect(SERVER, DOMAIN, key)


def healthy(case_file: CaseFile) -> Case:
    return next(case for case in case_file.cases if case.id == "C00")


class CountingAsk:
    """An Ask that counts what goes through; a server also sees what was sent again."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.questions: Counter[Question] = Counter()

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        self.questions[Question.of(name, rdtype)] += 1
        return await self._ask(name, rdtype)


class RoundByRoundAsk:
    """An Ask that lets the answers of one round through when all of them are there."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._open = 0
        self._gate = asyncio.Event()
        self.rounds: list[set[Question]] = []

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        if not self._open:
            self._gate = asyncio.Event()
            self.rounds.append(set())
        self._open += 1
        self.rounds[-1].add(Question.of(name, rdtype))
        gate, answer = self._gate, await self._ask(name, rdtype)
        self._open -= 1
        if not self._open:
            gate.set()
        await gate.wait()
        return answer


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def checker(resolver: Resolver) -> Checker:
    return Checker(resolver.ask, SERVER, now)


async def test_every_case_is_asked_about_without_asking_twice(
    case: Case, case_file: CaseFile, expected: Expected, zone_server: Start, resolver: Any
) -> None:
    server = await zone_server(case_file.zones(case))
    heard = CountingAsk(resolver(server).ask)
    observed = await observe(heard, expected)
    assert set(heard.questions.values()) == {1}
    assert observed.queries == len(heard.questions) <= MOST_QUESTIONS
    assert set(observed.answers) <= set(heard.questions)


async def test_all_first_questions_start_at_once(
    case_file: CaseFile, expected: Expected, zone_server: Start, resolver: Any
) -> None:
    server = await zone_server(case_file.zones(healthy(case_file)), delay=DELAY)
    asked = RoundByRoundAsk(resolver(server).ask)
    await observe(asked, expected)
    assert {
        Question.of(name, rdtype)
        for name, rdtype in (
            ("friend.example", "TXT"),
            ("friend.example", "MX"),
            ("friend.example", "NS"),
            ("friend.example", "CNAME"),
            ("friend.example", "A"),
            ("_dmarc.friend.example", "TXT"),
            ("dkim._domainkey.friend.example", "TXT"),
            ("autoconfig.friend.example", "A"),
            ("autodiscover.friend.example", "AAAA"),
            ("_autodiscover._tcp.friend.example", "SRV"),
            ("mail.friend.example", "A"),
            ("mx1.cow.example", "A"),
            ("mx1.cow.example", "AAAA"),
        )
    } <= asked.rounds[0]
    later = {question.name.to_text() for questions in asked.rounds[1:] for question in questions}
    assert later == {"_spf.cow.example.", "friend.example._report._dmarc.cow.example."}


async def test_a_healthy_domain_takes_its_longest_chain_and_no_longer(
    case_file: CaseFile, expected: Expected, zone_server: Start, resolver: Any
) -> None:
    server = await zone_server(case_file.zones(healthy(case_file)), delay=DELAY)
    asked = RoundByRoundAsk(resolver(server).ask)
    started = time.perf_counter()
    report = await Checker(asked, SERVER, now).check(DOMAIN, expected.dkim)
    seconds = time.perf_counter() - started
    assert is_all_right(report)
    assert len(asked.rounds) <= 4
    assert report.elapsed_ms <= seconds * 1000 + 1


async def test_an_spf_bomb_stays_within_the_bound_and_leaves_room_for_the_rest(
    case_file: CaseFile, expected: Expected, zone_server: Start, resolver: Any
) -> None:
    names = [f"i{n}" for n in range(60)]
    bomb = "".join(f'{n} TXT "v=spf1 include:{n}a.friend.example -all"\n' for n in names)
    includes = "".join(f'" include:{n}.friend.example"' for n in names)
    mx = "".join(f"@ MX {n} {name}.friend.example.\n" for n, name in enumerate(names))
    zone = f'@ TXT "v=spf1"{includes}" -all"\n'
    server = await zone_server(case_file.with_zone(zone + bomb + mx))
    heard = CountingAsk(resolver(server).ask)
    observed = await observe(heard, expected)
    assert observed.queries == len(heard.questions) <= MOST_QUESTIONS
    for name, rdtype in (("_dmarc.friend.example", "TXT"), ("mail.friend.example", "A")):
        answer = observed.answer(name, rdtype)
        assert answer is not None
        assert not answer.failed


async def test_a_cancelled_check_leaves_nothing_behind(
    case_file: CaseFile, expected: Expected, zone_server: Start, resolver: Any
) -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    server = await zone_server(case_file.zones(healthy(case_file)), delay=DELAY)
    check = checker(resolver(server)).check
    draw = random.Random(3)
    for _ in range(20):
        task = asyncio.create_task(check(DOMAIN, expected.dkim))
        await asyncio.sleep(draw.uniform(0, 2 * DELAY))
        task.cancel()  # a busy machine may have let it come to its end
        await asyncio.wait([task])
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=MAX_WAIT)  # the mail server's names, which are kept
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    assert is_all_right(await check(DOMAIN, expected.dkim))


async def test_the_mail_servers_own_answers_are_asked_once_for_many_domains(
    case_file: CaseFile, zone_server: Start, resolver: Any
) -> None:
    server = await zone_server(case_file.zones(healthy(case_file)))
    heard = CountingAsk(resolver(server).ask)
    check = Checker(heard, SERVER, now).check
    await asyncio.gather(
        *(check(Domain.from_ascii(f"m{n}.friend.example"), KeyUnknown()) for n in range(5))
    )
    await check(DOMAIN, KeyUnknown())
    await check(DOMAIN, KeyUnknown())
    own = {q: n for q, n in heard.questions.items() if q.name in {HOST, name("_spf.cow.example")}}
    assert set(own.values()) == {1}
    assert {dns.rdatatype.to_text(q.rdtype) for q in own} == {"A", "AAAA", "TXT"}
    # A second look at a domain is one; the names inside it ask what is at its apex as well.
    assert heard.questions[Question.of("friend.example", "CNAME")] == 2
    assert heard.questions[Question.of("friend.example", "MX")] == 7


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


class CannedAsk:
    """An Ask that counts, and answers with what it is told to."""

    def __init__(self, outcome: Outcome, ttl: int | None = 3600) -> None:
        self.outcome = outcome
        self.ttl = ttl
        self.asked: list[Question] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        question = Question.of(name, rdtype)
        self.asked.append(question)
        await self.gate.wait()
        return Answer(question, self.outcome, ttl=self.ttl)


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED])
async def test_failed_answers_of_the_server_are_not_kept(outcome: Outcome) -> None:
    source = CannedAsk(outcome)
    ask = ServerAnswers(source, SERVER)
    await ask(HOST, "A")
    source.outcome = Outcome.NODATA
    assert (await ask(HOST, "A")).outcome is Outcome.NODATA
    await ask(HOST, "A")
    assert len(source.asked) == 2


async def test_an_answer_is_not_kept_longer_than_its_ttl() -> None:
    source = CannedAsk(Outcome.NODATA, ttl=0)
    ask = ServerAnswers(source, SERVER)
    await ask(HOST, "A")
    await ask(HOST, "A")
    assert len(source.asked) == 2


async def test_equal_questions_under_way_are_merged_and_survive_a_cancelled_one() -> None:
    source = CannedAsk(Outcome.NODATA)
    source.gate.clear()
    ask = ServerAnswers(source, SERVER)
    first = asyncio.ensure_future(ask(HOST, "A"))
    second = asyncio.ensure_future(ask("MX1.cow.example", "A"))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert (await second).outcome is Outcome.NODATA
    assert len(source.asked) == 1


async def test_an_answer_that_nobody_waited_for_any_more_is_not_kept_for_ever() -> None:
    source = CannedAsk(Outcome.TIMEOUT)
    source.gate.clear()
    ask = ServerAnswers(source, SERVER)
    only = asyncio.ensure_future(ask(HOST, "A"))
    await asyncio.sleep(0)
    only.cancel()
    source.gate.set()
    await asyncio.sleep(0.01)
    source.outcome = Outcome.NODATA
    assert (await ask(HOST, "A")).outcome is Outcome.NODATA


async def test_nothing_of_a_members_domain_is_kept() -> None:
    source = CannedAsk(Outcome.NODATA)
    ask = ServerAnswers(source, SERVER)
    for owner in ("friend.example", "_dmarc.friend.example", "cow.example", "x.mx1.cow.example"):
        await ask(owner, "TXT")
        await ask(owner, "TXT")
    assert len(source.asked) == 8


async def test_the_name_servers_of_the_zone_are_asked_for_below_its_apex(
    zone_server: Start, resolver: Callable[[ZoneServer], Resolver]
) -> None:
    zone = "@ NS ns1.hyp.net.\n@ NS ns2.hyp.net.\nclub TXT x"
    server = await zone_server({"friend.example": zone})
    for name in ("friend.example", "club.friend.example", "new.friend.example"):
        observed = await observe(resolver(server).ask, expect(SERVER, Domain.from_ascii(name)))
        assert observed.name_servers == ("ns1.hyp.net.", "ns2.hyp.net.")


async def test_a_registry_lends_no_name_servers(
    zone_server: Start, resolver: Callable[[ZoneServer], Resolver]
) -> None:
    server = await zone_server({"friend.example": ""})
    nobody = Domain.from_ascii("nobody.example")
    observed = await observe(resolver(server).ask, expect(SERVER, nobody))
    assert observed.name_servers == ()


async def test_a_place_is_found_with_two_questions(
    zone_server: Start, resolver: Callable[[ZoneServer], Resolver]
) -> None:
    server = await zone_server({"friend.example": "@ NS ns1.hyp.net.\nclub TXT x"})
    place = await find_place(resolver(server).ask, Domain.from_ascii("club.friend.example"))
    assert place == ZonePlace(DOMAIN.name, ("ns1.hyp.net.",))
    assert len(server.asked) == 2
    # What denies a name that is not there may be a registry's, which is nobody's zone.
    lost = Domain.from_ascii("new.friend.example")
    assert (await find_place(resolver(server).ask, lost)).zone == DOMAIN.name
    nobody = Domain.from_ascii("nobody.example")
    assert await find_place(resolver(server).ask, nobody) == ZonePlace(nobody.name)


async def test_a_place_that_nobody_tells_is_given_up_soon() -> None:
    async def silent(name: object, rdtype: object) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError((name, rdtype))

    started = time.monotonic()
    assert await find_place(silent, DOMAIN) == ZonePlace(DOMAIN.name)
    assert time.monotonic() - started < 10
