"""The past of domains read out of a store: bounded, beside the loop, and each member's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import dns.name
from sqlalchemy import delete

from bot.checks.export.archive import SCHEMA, dump_report
from bot.checks.finding import Check, Finding, Status
from bot.checks.report import CheckResult, Report
from bot.services.domain_history import DomainHistory
from bot.services.member_service import KeptCheck
from bot.store.repositories.domain_changes import MOST_CHARACTERS, MOST_ROWS, DomainChanges
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.watch_tables import WatchedRow
from domain_pasts import FRIEND, NO_MX, NOW, OUR_MX, Past, ago, first_look, state
from loop_holds import TOO_LONG, LoopHolds
from request_parts import ANN, BEN, Setup

if TYPE_CHECKING:
    from datetime import datetime

pytest_plugins = ["request_fixtures"]


def histories(parts: Setup) -> DomainHistory:
    return DomainHistory(DomainChanges(parts.database), lambda: NOW, StoredChecks(parts.database))


async def write(parts: Setup, past: Past, known_at: datetime = NOW) -> None:
    await parts.database.write(lambda session: past.write(session, known_at=known_at))


def report_of(at: datetime, mx: Status) -> Report:
    """Return a check that says only how MX stands."""
    results = (CheckResult(Check.MX, mx, (), (OUR_MX,) if mx is Status.PASS else ()),)
    findings = () if mx is Status.PASS else (Finding(Check.MX, "mx-missing", mx),)
    zone = dns.name.from_text("friend.example.")
    return Report(FRIEND, zone, at, results, findings, queries=1, elapsed_ms=1)


async def keep(
    parts: Setup, at: datetime, mx: Status, *, confidential: bool = False, member: int = ANN
) -> KeptCheck:
    report = report_of(at, mx)
    number = await StoredChecks(parts.database).keep(
        FRIEND, member, dump_report(report), SCHEMA, at, confidential=confidential
    )
    return KeptCheck(number, report, None, member, confidential)


async def test_what_the_watch_wrote_is_read_back(parts: Setup) -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    await write(parts, past)
    assert await histories(parts).of(FRIEND) == past.fold()


async def test_a_domain_that_is_watched_no_more_keeps_its_history(parts: Setup) -> None:
    past = first_look(ago(90)).look(ago(10), NO_MX)
    await write(parts, past)
    await parts.database.write(lambda session: session.execute(delete(WatchedRow)))
    history = await histories(parts).of(FRIEND)
    assert history is not None
    assert history.known_at == ago(10)
    assert history.status is Status.FAIL


async def test_a_check_that_was_just_made_is_one_more_look(parts: Setup) -> None:
    await write(parts, first_look(ago(90)), known_at=ago(1))
    history = await histories(parts).of(FRIEND, report_of(NOW, Status.FAIL))
    assert history is not None
    since = history.since_when(Check.MX)
    assert since is not None
    assert (since.status, since.began_at, since.before) == (Status.FAIL, NOW, Status.PASS)


async def test_a_check_older_than_the_latest_look_adds_nothing(parts: Setup) -> None:
    past = first_look(ago(90))
    await write(parts, past)
    assert await histories(parts).of(FRIEND, report_of(ago(5), Status.FAIL)) == past.fold()


async def test_too_many_changes_are_left_out_from_the_oldest_on(parts: Setup) -> None:
    past = first_look(ago(399))
    for number in range(MOST_ROWS + 100):
        at = ago(390) + timedelta(hours=2 * number)
        past.look(at, {Check.SPF: state("pass", f"v=spf1 ip4:192.0.2.1 a:n{number}.example -all")})
    await write(parts, past)
    history = await histories(parts).of(FRIEND)
    assert history is not None
    assert history.is_cut
    assert history.began_at == past.changes[-MOST_ROWS].at
    assert len(history.changes) == 20


async def test_large_rows_are_read_up_to_a_bound_and_the_loop_goes_on(parts: Setup) -> None:
    past = first_look(ago(399))
    for number in range(200):
        texts = tuple(f"{number} {'x' * 500}{place}" for place in range(12))
        past.look(
            ago(300) + timedelta(days=number), dict.fromkeys(list(Check)[:6], state("fail", *texts))
        )
    await write(parts, past)
    kept = await DomainChanges(parts.database).of(FRIEND, ago(400))
    assert kept.is_cut
    assert sum(len(text) for _, text in kept.rows) <= MOST_CHARACTERS
    with LoopHolds() as holds:
        assert await histories(parts).of(FRIEND) is not None
    assert holds.worst < 2 * TOO_LONG


async def test_own_checks_are_compared_from_the_earliest_on(parts: Setup) -> None:
    await keep(parts, ago(20), Status.PASS)
    await keep(parts, ago(10), Status.FAIL)
    now = await keep(parts, NOW, Status.FAIL)
    history = await histories(parts).of_own_checks(now, ANN)
    assert history is not None
    assert history.is_own
    since = history.since_when(Check.MX)
    assert since is not None
    assert (since.began_at, since.before) == (ago(10), Status.PASS)


async def test_long_texts_that_are_kept_cut_are_no_change(parts: Setup) -> None:
    long = tuple(f"{number} {'x' * 2000}" for number in range(20))
    results = tuple(
        CheckResult(check, Status.PASS, (), long) for check in (Check.MX, Check.SPF, Check.DMARC)
    )
    first = replace(report_of(ago(9), Status.PASS), results=results)
    number = await StoredChecks(parts.database).keep(
        FRIEND, ANN, dump_report(first), SCHEMA, first.checked_at, confidential=False
    )
    again = KeptCheck(number + 1, replace(first, checked_at=NOW), None, ANN)
    history = await histories(parts).of_own_checks(again, ANN)
    assert history is not None
    assert history.changes == ()
    assert history.quiet_since == ago(9)


async def test_nobody_is_told_of_the_checks_of_others(parts: Setup) -> None:
    await keep(parts, ago(20), Status.PASS, member=BEN)
    own = await keep(parts, NOW, Status.FAIL)
    assert await histories(parts).of_own_checks(own, ANN) is None
    assert await histories(parts).of_own_checks(own, BEN) is None


async def test_checks_that_knew_more_are_not_compared_with_those_that_knew_less(
    parts: Setup,
) -> None:
    await keep(parts, ago(20), Status.PASS, confidential=True)
    own = await keep(parts, NOW, Status.FAIL)
    assert await histories(parts).of_own_checks(own, ANN) is None


async def test_a_check_is_compared_with_earlier_ones_alone(parts: Setup) -> None:
    own = await keep(parts, ago(20), Status.FAIL)
    await keep(parts, NOW, Status.PASS)
    assert await histories(parts).of_own_checks(own, ANN) is None


async def test_of_a_domain_that_nobody_watches_there_is_nothing(parts: Setup) -> None:
    assert await histories(parts).of(FRIEND) is None
    assert not await histories(parts).is_watched(FRIEND)
    await write(parts, Past())
    assert await histories(parts).of(FRIEND) is None
    assert await histories(parts).is_watched(FRIEND)
