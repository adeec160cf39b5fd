"""What is kept for how long, over an SQLite file and a clock that is set forward."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest_asyncio
from sqlalchemy import text

from bot.requests.model import ActorKind, RequestKind
from bot.requests.states import State
from bot.services.privacy import KEPT
from bot.services.retention import AT_ONCE, Retention
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from patience import PATIENCE
from requests_house import ANN, BEN, COWHERD, FRIEND, MOVER, PLACE, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.requests.model import Request

DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = await House(tmp_path).open()
    yield house
    await house.close()


async def purge(house: House, retention: Retention | None = None) -> int:
    retention, gone = retention or Retention(house.database, house.now), 0
    while (step := await retention.step()) > 0:
        gone += step
    return gone


async def end_one(
    house: House, kind: RequestKind = RequestKind.DKIM, domain: Domain = FRIEND
) -> Request:
    """Bring a request of Ann's to its end: denied, with all messages sent."""
    request = (await house.requests.open(kind, domain, PLACE, ANN, evidence="{}")).request
    await house.requests.deny(request.id, COWHERD, "Not yet, Ann.")
    await house.settle()
    return request


async def now_of(house: House, request: Request) -> Request:
    found = await house.requests.get(request.id)
    assert found is not None
    return found


async def test_checks_and_domains_are_kept_for_400_days(house: House) -> None:
    checks, recent = StoredChecks(house.database), RecentDomains(house.database)
    first = await checks.keep(FRIEND, ANN, "{}", 1, house.time)
    await recent.remember(ANN, FRIEND, house.time)
    house.pass_time(days=1)
    second = await checks.keep(FRIEND, ANN, "{}", 1, house.time)
    await recent.remember(ANN, MOVER, house.time)
    house.time += KEPT - DAY
    assert await purge(house) == 0
    house.pass_time(seconds=1)
    assert await purge(house) == 2
    assert await checks.get(first) is None
    assert await checks.get(second) is not None
    assert await recent.of(ANN) == (MOVER,)


async def test_a_domain_that_is_asked_for_again_is_kept_from_then_on(house: House) -> None:
    recent = RecentDomains(house.database)
    await recent.remember(ANN, FRIEND, house.time)
    house.time += KEPT
    await recent.remember(ANN, FRIEND, house.time)
    house.time += KEPT
    assert await purge(house) == 0
    assert await recent.of(ANN) == (FRIEND,)


async def test_a_request_that_ended_400_days_ago_says_what_happened_and_not_to_whom(
    house: House,
) -> None:
    request = await end_one(house)
    house.time += KEPT
    assert await purge(house) == 0
    house.pass_time(seconds=1)
    assert await purge(house) == 1
    old = await now_of(house, request)
    assert old.forgotten
    assert (old.reason, old.evidence, old.message_id) == ("", "", None)
    assert (old.domain, old.state, old.decided_by) == (FRIEND, State.DENIED, COWHERD)
    audit = await house.requests.audit(request.id)
    assert [entry.after for entry in audit] == [State.PENDING, State.DENIED]
    assert audit[0].actor.kind is ActorKind.MEMBER
    assert [entry.actor.id for entry in audit] == [old.member_id, COWHERD]
    assert await house.store.posts.of(request.id) == ()
    assert await house.requests.of_member(ANN) == ()
    assert await purge(house) == 0


async def test_two_old_requests_do_not_show_that_they_were_one_members(house: House) -> None:
    requests = [await end_one(house, kind) for kind in (RequestKind.DKIM, RequestKind.DMARC)]
    house.time += KEPT + DAY
    await purge(house)
    ids = {(await now_of(house, request)).member_id for request in requests}
    assert len(ids) == 2
    assert max(ids) < 0


async def test_an_admin_who_decided_their_own_request_is_not_named_by_it(house: House) -> None:
    opened = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, COWHERD)
    await house.requests.deny(opened.request.id, COWHERD, "Never mind.")
    house.time += KEPT + DAY
    await purge(house)
    old = await now_of(house, opened.request)
    actors = {entry.actor.id for entry in await house.requests.audit(old.id)}
    assert actors == {old.decided_by} == {old.member_id}


async def test_an_open_request_is_kept_however_old_it_is(house: House) -> None:
    request = (await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)).request
    house.time += 2 * KEPT
    assert await purge(house) == 0
    assert (await now_of(house, request)).member_id == BEN
    assert len(await house.store.posts.of(request.id)) == 1


async def test_what_was_approved_for_a_domain_outlives_the_request(house: House) -> None:
    request = (await house.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).request
    await house.requests.approve(request.id, COWHERD, stage="none")
    await house.settle()
    await house.requests.withdraw(request.id, ANN)
    await house.settle()
    house.time += KEPT + DAY
    assert await purge(house) == 1
    assert await house.requests.approved_stage(FRIEND) == "none"


async def test_it_looks_once_a_day(house: House) -> None:
    checks, retention = StoredChecks(house.database), Retention(house.database, house.now)
    assert await purge(house, retention) == 0
    await checks.keep(FRIEND, ANN, "{}", 1, house.time - 2 * KEPT)
    house.pass_time(hours=23)
    assert await purge(house, retention) == 0
    house.pass_time(hours=1)
    assert await retention.next_due() == house.time
    assert await purge(house, retention) == 1
    assert await retention.next_due() == house.time + DAY


async def test_a_step_takes_a_batch_and_writers_get_their_turn_between_two(house: House) -> None:
    def fill(session: Session) -> None:
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                "INSERT INTO stored_check (domain, member_id, report, schema, checked_at) "
                "SELECT 'friend.example', 1, '{}', 1, '2020-01-01 00:00:00.000000' FROM n"
            )
        )

    await house.database.write(fill)
    retention = Retention(house.database, house.now)
    assert await retention.step() == AT_ONCE
    left = []
    checks, recent = StoredChecks(house.database), RecentDomains(house.database)
    purging = asyncio.create_task(purge(house, retention))
    while not purging.done():
        await recent.remember(ANN, FRIEND, house.time)
        left.append(await checks.count_of(1))
    assert await purging == 5000 - AT_ONCE
    # Members were answered while it went on, after every few batches.
    assert len(set(left)) > 5
    assert await recent.of(ANN) == (FRIEND,)


async def test_it_runs_as_a_job_until_it_is_cancelled(house: House) -> None:
    checks = StoredChecks(house.database)
    old = await checks.keep(FRIEND, ANN, "{}", 1, house.time - KEPT - DAY)
    job = asyncio.create_task(Retention(house.database, house.now).run())
    async with asyncio.timeout(PATIENCE):
        while await checks.get(old) is not None:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.01)
    assert not job.done()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert job.cancelled()
