"""SPF evaluation over an Ask: verdicts, causes, limits, and what hostile zones can do."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.dns.answer import Answer, ExtendedError, Outcome, Question
from bot.dns.spf_evaluate import (
    MAX_QUESTIONS,
    MAX_TEXT,
    STRANGER,
    SpfCause,
    SpfEvaluation,
    SpfStep,
    evaluate,
    evaluate_all,
    evaluate_each,
)
from bot.dns.spf_grammar import is_valid_term
from loop_holds import TOO_LONG, worst_hold

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.dns.owner_name import AnyName

COW = """
    _spf.cow.example TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
    mx1.cow.example A 198.51.100.25
    mx1.cow.example AAAA 2001:db8:25::25
"""
INCLUDES_X = 'friend.example TXT "v=spf1 include:x.example"\n'
OURS4, OURS6, FOREIGN = "198.51.100.25", "2001:db8:25::25", "203.0.113.9"


async def these(*addresses: str) -> tuple[str, ...]:
    return addresses


class LinesAsk:
    """An Ask that answers from lines of `owner TYPE rdata`, and counts what it is asked."""

    def __init__(
        self, lines: str, failing: dict[str, Outcome] | None = None, delay: float = 0
    ) -> None:
        self.records: dict[Question, list[dns.rdata.Rdata]] = defaultdict(list)
        for line in lines.strip().splitlines():
            owner, rdtype, rdata = line.split(maxsplit=2)
            self.add(owner, dns.rdata.from_text("IN", rdtype, rdata))
        self.failing = {dns.name.from_text(n): o for n, o in (failing or {}).items()}
        self.delay = delay
        self.asked: list[Question] = []
        self.together = self.most_together = 0
        self.depth = 0  # of the questions that waited for another one's answer

    def add(self, owner: str, rdata: dns.rdata.Rdata) -> None:
        self.records[Question.of(owner, rdata.rdtype)].append(rdata)

    def add_text(self, owner: str, *strings: bytes) -> None:
        wire = b"".join(bytes([len(s)]) + s for s in strings)
        self.add(owner, dns.rdata.from_wire("IN", "TXT", wire, 0, len(wire)))

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        question = Question.of(name, rdtype)
        self.asked.append(question)
        self.together += 1
        self.most_together = max(self.together, self.most_together)
        depth = self.depth + 1
        await asyncio.sleep(self.delay)
        self.depth = max(self.depth, depth)
        self.together -= 1
        if question.name in self.failing:
            return Answer(question, self.failing[question.name], server="192.0.2.53:53")
        if question in self.records:
            return Answer(question, Outcome.RECORDS, tuple(self.records[question]), ttl=60)
        known = any(q.name == question.name for q in self.records)
        return Answer(question, Outcome.NODATA if known else Outcome.NXDOMAIN)


async def come_to(lines: str, address: str = OURS4, **rest: object) -> SpfEvaluation:
    return await evaluate(LinesAsk(COW + lines, **rest), address, "friend.example")  # type: ignore[arg-type]


async def test_both_addresses_of_the_server_pass_by_its_include() -> None:
    zone = 'friend.example TXT "v=spf1 include:_spf.cow.example -all"'
    for address, inner in ((OURS4, "ip4:198.51.100.25"), (OURS6, "ip6:2001:db8:25::25")):
        came = await come_to(zone, address)
        assert (came.result, came.cause) == ("pass", None)
        assert came.matched == SpfStep("friend.example", "include:_spf.cow.example")
        assert (came.term, came.at) == (inner, "_spf.cow.example")
        assert [domain for domain, _ in came.policies] == ["friend.example", "_spf.cow.example"]
        assert came.lookups == 1


async def test_another_address_fails_by_all() -> None:
    came = await come_to('friend.example TXT "v=spf1 include:_spf.cow.example -all"', FOREIGN)
    assert came.result == "fail"
    assert came.matched == SpfStep("friend.example", "-all")


async def test_redirect_is_the_term_that_decided() -> None:
    came = await come_to('friend.example TXT "v=spf1 redirect=_spf.cow.example"')
    assert came.result == "pass"
    assert came.matched == SpfStep("friend.example", "redirect=_spf.cow.example")
    assert came.at == "_spf.cow.example"


async def test_an_include_that_did_not_match_is_not_in_the_path_of_a_later_match() -> None:
    lines = 'friend.example TXT "v=spf1 include:x.example mx -all"\n'
    lines += 'x.example TXT "v=spf1 ip4:192.0.2.1 -all"\nfriend.example MX 1 mx1.cow.example.'
    came = await come_to(lines)
    assert came.path == (SpfStep("friend.example", "mx"),)


@pytest.mark.parametrize(
    ("zone", "cause", "term", "at"),
    [
        ('friend.example TXT "site"', SpfCause.NONE, "", "friend.example"),
        (
            'friend.example TXT "v=spf1 -all"\nfriend.example TXT "v=spf1 mx"',
            SpfCause.MULTIPLE,
            "",
            "friend.example",
        ),
        (
            'friend.example TXT "v=spf1 mx include: x.example"',
            SpfCause.SYNTAX,
            "include:",
            "friend.example",
        ),
        (
            'friend.example TXT "v=spf1 exp=a.example exp=b.example"',
            SpfCause.SYNTAX,
            "exp=b.example",
            "friend.example",
        ),
        (
            INCLUDES_X + 'x.example TXT "v=spf1 ip4:1.2"',
            SpfCause.SYNTAX,
            "ip4:1.2",
            "x.example",
        ),
        (
            'friend.example TXT "v=spf1 include:gone.example -all"',
            SpfCause.INCLUDE_MISSING,
            "include:gone.example",
            "friend.example",
        ),
        (
            'friend.example TXT "v=spf1 redirect=gone.example"',
            SpfCause.INCLUDE_MISSING,
            "redirect=gone.example",
            "friend.example",
        ),
        (
            INCLUDES_X + 'x.example TXT "v=spf1 include:gone.example -all"',
            SpfCause.INCLUDE_MISSING,
            "include:gone.example",
            "x.example",
        ),
        (
            'friend.example TXT "v=spf1 include:Friend.Example. -all"',
            SpfCause.LOOP,
            "include:Friend.Example.",
            "friend.example",
        ),
        (
            INCLUDES_X + 'x.example TXT "v=spf1 redirect=friend.example"',
            SpfCause.LOOP,
            "redirect=friend.example",
            "x.example",
        ),
        (
            'friend.example TXT "v=spf1 a:a.x.example a:b.x.example a:c.x.example -all"',
            SpfCause.TOO_MANY_VOIDS,
            "a:c.x.example",
            "friend.example",
        ),
        (
            'friend.example TXT "v=spf1 mx"\n'
            + "\n".join(f"friend.example MX 1 m{i}.x.example." for i in range(11)),
            SpfCause.TOO_MANY_MX,
            "mx",
            "friend.example",
        ),
    ],
)
async def test_the_cause_is_told_with_its_term_and_place(
    zone: str, cause: SpfCause, term: str, at: str
) -> None:
    came = await come_to(zone)
    assert (came.cause, came.term, came.at) == (cause, term, at)
    assert came.result == ("none" if cause is SpfCause.NONE else "permerror")


async def test_lookups_are_counted_on_past_the_limit() -> None:
    terms = " ".join(f"include:s{i}.big.example" for i in range(12))
    lines = [f'friend.example TXT "v=spf1 {terms} include:_spf.cow.example -all"']
    lines += [f's{i}.big.example TXT "v=spf1 ip4:192.0.2.{i} -all"' for i in range(12)]
    lines[0] = lines[0].replace(" include:s6", '" " include:s6')  # strings hold 255 bytes
    came = await come_to("\n".join(lines))
    assert (came.result, came.cause, came.lookups) == (
        "permerror",
        SpfCause.TOO_MANY_LOOKUPS,
        13,
    )
    assert came.path == (SpfStep("friend.example", "include:s10.big.example"),)


async def test_a_redirect_past_the_limit_of_lookups_is_the_term_to_blame() -> None:
    terms = " ".join(f"a:h{n}.x.example" for n in range(10))
    lines = [f'friend.example TXT "v=spf1 {terms} redirect=_spf.cow.example"']
    lines += [f"h{n}.x.example A 192.0.2.{n}" for n in range(10)]
    came = await come_to("\n".join(lines))
    assert (came.cause, came.lookups) == (SpfCause.TOO_MANY_LOOKUPS, 11)
    assert came.path == (SpfStep("friend.example", "redirect=_spf.cow.example"),)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.SERVFAIL, Outcome.REFUSED])
async def test_a_failing_name_gives_temperror_and_says_which_question_failed(
    outcome: Outcome,
) -> None:
    zone = 'friend.example TXT "v=spf1 include:x.example -all"'
    came = await come_to(zone, failing={"x.example": outcome})
    assert (came.result, came.cause) == ("temperror", SpfCause.TEMPERROR)
    assert came.failed is not None
    assert came.failed.question == Question.of("x.example", "TXT")
    assert came.failed.outcome is outcome


async def test_questions_that_were_not_asked_any_more_are_our_own_limit() -> None:
    class ExhaustedAsk(LinesAsk):
        async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
            answer = await super().__call__(name, rdtype)
            if answer.found:
                return answer
            extended = (ExtendedError(0, "enough"),)
            return Answer(answer.question, Outcome.REFUSED, extended=extended)

    ask = ExhaustedAsk('friend.example TXT "v=spf1 include:x.example -all"')
    came = await evaluate(ask, OURS4, "friend.example")
    assert (came.result, came.cause) == ("temperror", SpfCause.BUDGET)


async def test_one_evaluation_asks_a_bounded_number_of_questions() -> None:
    lines = ['friend.example TXT "v=spf1 ' + " ".join(f"mx:m{i}.x.example" for i in range(9)) + '"']
    for i in range(9):
        for j in range(10):
            lines.append(f"m{i}.x.example MX 1 h{j}.m{i}.x.example.")
            lines.append(f"h{j}.m{i}.x.example A 192.0.2.{j}")
    ask = LinesAsk("\n".join(lines))
    came = await evaluate(ask, OURS4, "friend.example")
    assert (came.result, came.cause) == ("temperror", SpfCause.BUDGET)
    assert len(ask.asked) <= 2 * MAX_QUESTIONS


async def test_records_are_read_ahead_as_wide_as_they_are() -> None:
    lines = ['friend.example TXT "v=spf1 ' + " ".join(f"include:i{i}.x.example" for i in range(4))]
    lines[0] += ' -all"'
    for i in range(4):
        lines.append(f'i{i}.x.example TXT "v=spf1 a:h{i}.x.example -all"')
        lines.append(f"h{i}.x.example A 192.0.2.{i}")
    ask = LinesAsk("\n".join(lines), delay=0.03)
    came = await evaluate(ask, "192.0.2.3", "friend.example")
    assert came.result == "pass"
    assert len(ask.asked) == 9
    assert ask.most_together >= 4
    assert ask.depth < 6  # three steps; one after the other would be nine


async def test_a_stranger_is_evaluated_beside_the_servers_addresses() -> None:
    ask = LinesAsk(
        COW + 'friend.example TXT "v=spf1 include:_spf.cow.example exists:mx1.cow.example"'
    )
    came = await evaluate_all(
        ask, partial(these, OURS4, OURS6), "friend.example", "mx1.cow.example"
    )
    assert [e.address for e in came] == [OURS4, OURS6, STRANGER]
    assert came[-1].result == "pass"
    assert came[-1].matched == SpfStep("friend.example", "exists:mx1.cow.example")


async def test_no_question_is_asked_twice_for_several_addresses() -> None:
    ask = LinesAsk(
        COW + 'friend.example TXT "v=spf1 include:_spf.cow.example a:mx1.cow.example mx -all"'
    )
    came = await evaluate_all(
        ask, partial(these, OURS4, OURS6, FOREIGN), "friend.example", "mx1.cow.example"
    )
    assert [e.result for e in came] == ["pass", "pass", "fail", "fail"]
    assert len(ask.asked) == len(set(ask.asked))


async def test_addresses_are_evaluated_together_as_each_is_alone() -> None:
    lines = COW + 'friend.example TXT "v=spf1 include:_spf.cow.example exists:%{i}.x.example ~all"'
    lines += f"\n{FOREIGN}.x.example A 127.0.0.2"
    addresses = (OURS4, FOREIGN, OURS6, "192.0.2.1")
    together = await evaluate_each(LinesAsk(lines), addresses, "friend.example", "h.example")
    alone = [
        await evaluate(LinesAsk(lines), address, "friend.example", helo="h.example")
        for address in addresses
    ]
    assert list(together) == alone
    assert [e.result for e in together] == ["pass", "pass", "pass", "softfail"]


async def test_an_error_of_the_asking_reaches_whoever_waits() -> None:
    class BrokenAsk(LinesAsk):
        async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
            answer = await super().__call__(name, rdtype)
            if not answer.found:
                raise ZeroDivisionError
            return answer

    ask = BrokenAsk('friend.example TXT "v=spf1 include:x.example -all"')
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(evaluate(ask, OURS4, "friend.example"), 5)


async def test_an_error_of_the_asking_is_told_once_however_many_wait_for_it() -> None:
    unread: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unread.append(context["message"]))

    async def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def find_none() -> tuple[str, ...]:
        await asyncio.sleep(0.01)
        raise LookupError

    find_two = partial(these, OURS4, OURS6)
    for find, error in ((find_two, ZeroDivisionError), (find_none, LookupError)):
        with pytest.raises(error):
            await evaluate_all(ask, find, "friend.example", "mx1.cow.example")
    gc.collect()
    await asyncio.sleep(0)
    assert unread == []


async def test_a_question_that_cannot_be_asked_keeps_nobody_waiting() -> None:
    lines = LinesAsk('friend.example TXT "v=spf1 include:x.example -all"')

    def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Awaitable[Answer]:
        if Question.of(name, rdtype) == Question.of("x.example", "TXT"):
            raise ZeroDivisionError
        return lines(name, rdtype)

    async def find_late() -> list[str]:
        await asyncio.sleep(0.01)
        return [OURS4]

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(evaluate_all(ask, find_late, "friend.example", "mx1.cow.example"), 5)


class SharedAsk(LinesAsk):
    """An Ask that gives out one future a question, as one check's view of the resolver may."""

    def __init__(self, lines: str) -> None:
        super().__init__(lines)
        self.futures: dict[Question, asyncio.Future[Answer]] = {}

    def __call__(  # type: ignore[override]  # a future is an awaitable as a coroutine is
        self, name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[Answer]:
        question = Question.of(name, rdtype)
        if question not in self.futures:
            asking = super().__call__(name, rdtype)
            self.futures[question] = asyncio.ensure_future(asking)
        return self.futures[question]


async def test_futures_that_are_shared_are_never_cancelled() -> None:
    lines = 'friend.example TXT "v=spf1 ip4:198.51.100.25 include:x.example -all"'
    ask = SharedAsk(lines)
    assert (await evaluate(ask, OURS4, "friend.example")).result == "pass"
    (ahead,) = (f for q, f in ask.futures.items() if q == Question.of("x.example", "TXT"))
    assert (await ahead).outcome is Outcome.NXDOMAIN

    ask = SharedAsk(lines)
    waiting = asyncio.create_task(evaluate(ask, FOREIGN, "friend.example"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not any(future.cancelled() for future in ask.futures.values())


async def test_an_answer_that_is_given_up_ends_the_evaluations_that_wait_for_it() -> None:
    ask = SharedAsk('friend.example TXT "v=spf1 -all"')
    waiting = asyncio.create_task(
        evaluate_all(ask, partial(these, OURS4), "friend.example", "mx1.cow.example")
    )
    await asyncio.sleep(0)
    for future in ask.futures.values():
        future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 5)


async def test_others_have_their_turn_between_the_records_of_a_hostile_tree() -> None:
    network = "ip4:192.0.2.1 "
    ask = SharedAsk("")
    includes = " ".join(f"include:i{n}.x.example" for n in range(9))
    ask.add_text("friend.example", f"v=spf1 {includes} -all".encode()[:255])
    for n in range(9):
        ask.add_text(f"i{n}.x.example", b"v=spf1 ", *([(network * 18).encode()] * 6))
    for question in [*ask.records, Question.of("x.example", "A")]:
        await ask(question.owner, question.rdtype)
    longest, last = 0.0, time.perf_counter()
    evaluating = asyncio.ensure_future(
        evaluate_each(
            ask, ["192.0.2.2", *(f"203.0.113.{n}" for n in range(8))], "friend.example", ""
        )
    )
    while not evaluating.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert {e.result for e in await evaluating} == {"fail"}
    assert longest < 0.05


def test_a_hostile_helo_name_in_many_macros_does_not_hold_the_loop() -> None:
    numbers = iter(range(1, 1000))
    terms = ["exists:" + "".join(f"%{{H{next(numbers)}}}" for _ in range(36)) for _ in range(20)]
    text = f"v=spf1 {' '.join(terms)}"[:4_000].rpartition(" ")[0]
    parts = " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))
    ask = LinesAsk(f"friend.example TXT {parts}")

    async def work(_: int) -> None:
        found = await evaluate(
            ask, FOREIGN, "friend.example", helo=("!" * 100 + ".") * 2 + "é" * 53
        )
        assert found.cause is SpfCause.TOO_MANY_LOOKUPS

    assert worst_hold(work, limit=TOO_LONG) <= TOO_LONG


async def test_names_that_cannot_exist_are_not_asked() -> None:
    long = "x" * 64
    zone = rf'friend.example TXT "v=spf1 a:%{{l}}.{long}.example exists:a\\b.example -all"'
    ask = LinesAsk(zone)
    came = await evaluate(ask, OURS4, "friend.example", sender=f"{'y' * 70}@friend.example")
    assert came.result == "permerror"  # a literal label over 63 breaks the grammar
    ask = LinesAsk(
        'friend.example TXT "v=spf1 exists:%{l}.x.example exists:a\\092b.x.example -all"'
    )
    came = await evaluate(ask, OURS4, "friend.example", sender=f"{'y' * 70}@friend.example")
    assert came.result == "fail"
    names = {question.name for question in ask.asked}
    assert dns.name.Name([b"a\\b", b"x", b"example", b""]) in names
    assert all(len(label) <= 63 for name in names for label in name.labels)


async def test_a_null_mx_matches_nothing() -> None:
    came = await come_to('friend.example MX 0 .\nfriend.example TXT "v=spf1 mx -all"')
    assert came.result == "fail"


async def test_names_of_mail_servers_with_strange_bytes_are_asked_as_they_are() -> None:
    lines = r"friend.example MX 1 a\.b\001.x.example." + '\nfriend.example TXT "v=spf1 mx -all"'
    ask = LinesAsk(lines + "\n" + r"a\.b\001.x.example A 198.51.100.25")
    assert (await evaluate(ask, OURS4, "friend.example")).result == "pass"


@pytest.mark.parametrize(
    "record",
    [
        b"v=spf1 ip4:198.51.100.25\n",
        b"v=spf1 ip6:fe80::1%1/128 -all",
        b"v=spf1 x=%{d" + b"0" * 200 + b"1}",
        b"v=spf1 \xff\xfe -all",
        b"v=spf1 \xe2\x80\x93all",
        b"v=spf1 \x00",
        b"v=spf1 exp=%{d99999999999999} -all",
        b"v=spf1 a/33 -all",
        b"v=spf1 //// = : :: -all",
    ],
)
@pytest.mark.parametrize("address", [OURS4, OURS6])
async def test_no_record_however_bent_raises(record: bytes, address: str) -> None:
    ask = LinesAsk("")
    ask.add_text("friend.example", record)
    came = await evaluate(ask, address, "friend.example")
    assert came.result in {"permerror", "fail", "neutral", "none"}


async def test_numbers_too_long_for_python_are_a_syntax_error() -> None:
    ask = LinesAsk("")
    digits = [b"0" * 250] * 16
    ask.add_text("friend.example", b"v=spf1 x=%{d", *digits, b"1} -all")
    assert (await evaluate(ask, OURS4, "friend.example")).cause is SpfCause.SYNTAX


async def test_records_longer_than_we_read_are_given_up() -> None:
    ask = LinesAsk("")
    ask.add_text("friend.example", b"v=spf1 ", *([b"ip4:192.0.2.1 " * 18] * (MAX_TEXT // 240)))
    started = time.process_time()
    came = await evaluate(ask, OURS4, "friend.example")
    assert (came.result, came.cause) == ("temperror", SpfCause.BUDGET)
    assert came.unread == "friend.example"
    assert time.process_time() - started < 1


async def test_an_include_longer_than_we_read_is_given_up_by_its_name() -> None:
    ask = LinesAsk('friend.example TXT "v=spf1 include:long.example -all"')
    ask.add_text("long.example", b"v=spf1 ", *([b"ip4:192.0.2.1 " * 18] * 17))
    came = await evaluate(ask, OURS4, "friend.example")
    assert (came.result, came.cause) == ("temperror", SpfCause.BUDGET)
    assert came.unread == "long.example"


async def test_other_long_texts_do_not_matter() -> None:
    ask = LinesAsk(COW + 'friend.example TXT "v=spf1 include:_spf.cow.example -all"')
    ask.add_text("friend.example", *([b"x" * 250] * 100))
    assert (await evaluate(ask, OURS4, "friend.example")).result == "pass"


async def test_of_many_long_records_no_more_is_read_than_of_one_tree_of_includes() -> None:
    lines = "v=spf1 " + " ".join(f"include:i{i}.x.example" for i in range(12))
    ask = LinesAsk("")
    ask.add_text("friend.example", lines[:250].encode(), lines[250:].encode())
    for i in range(12):
        ask.add_text(f"i{i}.x.example", b"v=spf1 ", *([b"ip4:192.0.2.1 " * 17] * 17))
    started = time.process_time()
    came = await evaluate(ask, OURS4, "friend.example")
    assert came.cause is SpfCause.BUDGET
    assert came.unread.endswith(".x.example")
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "term", ["-all", "a/24", "mx:x.example//64", "ip6:::/0", "x=y", "exists:%{i}.x"]
)
def test_valid_terms_are_known(term: str) -> None:
    assert is_valid_term(term)


@pytest.mark.parametrize("term", ["all:", "ip4:x", "a b", "include:", "ip6:fe80::1%1", "-x=y"])
def test_invalid_terms_are_known(term: str) -> None:
    assert not is_valid_term(term)


@pytest.mark.parametrize("sender", [None, "@friend.example", "postmaster@friend.example"])
async def test_an_empty_local_part_is_the_postmasters(sender: str | None) -> None:
    ask = LinesAsk(
        'friend.example TXT "v=spf1 exists:%{l}.%{h}.x.example -all"\n'
        "postmaster.mx1.cow.example.x.example A 127.0.0.2"
    )
    came = await evaluate(ask, FOREIGN, "friend.example", sender=sender, helo="mx1.cow.example")
    assert came.result == "pass"


async def test_all_addresses_give_the_mail_hosts_name_as_their_own() -> None:
    zone = """
        friend.example TXT "v=spf1 redirect=%{v}._v.%{h}._spf.vendor.example"
        in-addr._v.mx1.cow.example._spf.vendor.example TXT "v=spf1 ip4:198.51.100.25 -all"
        ip6._v.mx1.cow.example._spf.vendor.example TXT "v=spf1 ip6:2001:db8:25::25 -all"
    """
    addresses = partial(these, OURS4, OURS6)
    came = await evaluate_all(LinesAsk(zone), addresses, "friend.example", "mx1.cow.example")
    assert [e.result for e in came] == ["pass", "pass", "fail"]
