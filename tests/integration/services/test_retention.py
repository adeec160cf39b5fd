"""What is kept for how long, over an SQLite file and a clock that is set forward."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.requests.control_proof import BY_DNS
from bot.requests.mail_proof import TESTS_KEPT, TOKEN_LASTS
from bot.requests.model import ActorKind, RequestKind, State
from bot.services.privacy import KEPT
from bot.services.retention import AT_ONCE, Retention
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from max_wait import MAX_WAIT
from request_parts import ANN, BEN, COWHERD, FRIEND, MOVER, PLACE, Setup
from stored_requests import now_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.requests.model import Request

pytest_plugins = ["request_fixtures"]

DAY = timedelta(days=1)


async def purge(parts: Setup, retention: Retention | None = None) -> int:
    retention, gone = retention or Retention(parts.database, parts.now), 0
    while (step := await retention.step()) > 0:
        gone += step
    return gone


async def end_one(
    parts: Setup, kind: RequestKind = RequestKind.DKIM, domain: Domain = FRIEND
) -> Request:
    """Bring a request of Ann's to its end: denied, with all messages sent."""
    request = (await parts.requests.open(kind, domain, PLACE, ANN, evidence="{}")).request
    await parts.requests.deny(request.id, COWHERD, "Not yet, Ann.")
    await parts.settle()
    return request


async def test_checks_and_domains_are_kept_for_400_days(parts: Setup) -> None:
    checks, recent = StoredChecks(parts.database), RecentDomains(parts.database)
    first = await checks.keep(FRIEND, ANN, "{}", 1, parts.time)
    await recent.remember(ANN, FRIEND, parts.time)
    parts.pass_time(days=1)
    second = await checks.keep(FRIEND, ANN, "{}", 1, parts.time)
    await recent.remember(ANN, MOVER, parts.time)
    parts.time += KEPT - DAY
    assert await purge(parts) == 0
    parts.pass_time(seconds=1)
    assert await purge(parts) == 2
    assert await checks.get(first) is None
    assert await checks.get(second) is not None
    assert await recent.of(ANN) == (MOVER,)


async def test_a_domain_that_is_asked_for_again_is_kept_from_then_on(parts: Setup) -> None:
    recent = RecentDomains(parts.database)
    await recent.remember(ANN, FRIEND, parts.time)
    parts.time += KEPT
    await recent.remember(ANN, FRIEND, parts.time)
    parts.time += KEPT
    assert await purge(parts) == 0
    assert await recent.of(ANN) == (FRIEND,)


async def test_test_mails_are_kept_30_days(parts: Setup) -> None:
    tests, sent = MailTests(parts.database), SentMails(parts.database)
    ends_at = parts.time + TOKEN_LASTS
    await tests.make(ANN, FRIEND, "0" * 64, (parts.time, ends_at), 6)
    await sent.begin(ANN, FRIEND, parts.time, 3)
    parts.time += TESTS_KEPT
    assert await purge(parts) == 0
    parts.pass_time(seconds=1)
    assert await purge(parts) == 2
    assert await tests.count_of(ANN) + await sent.count_of(ANN) == 0


async def test_what_shows_control_of_a_domain_is_kept_400_days(parts: Setup) -> None:
    proofs = ControlProofs(parts.database)
    proof = await proofs.keep(FRIEND, ANN, BY_DNS, parts.time)
    parts.time += KEPT
    assert await purge(parts) == 0
    assert await proofs.of(FRIEND, ANN) == proof
    parts.pass_time(seconds=1)
    assert await purge(parts) == 1
    assert await proofs.of(FRIEND, ANN) is None


async def test_a_request_that_ended_400_days_ago_says_what_happened_and_not_to_whom(
    parts: Setup,
) -> None:
    request = await end_one(parts)
    parts.time += KEPT
    assert await purge(parts) == 0
    parts.pass_time(seconds=1)
    assert await purge(parts) == 1
    old = await now_of(parts, request)
    assert old.forgotten
    assert (old.reason, old.evidence, old.message_id) == ("", "", None)
    assert (old.domain, old.state, old.decided_by) == (FRIEND, State.DENIED, COWHERD)
    audit = await parts.requests.audit(request.id)
    assert [entry.after for entry in audit] == [State.PENDING, State.DENIED]
    assert audit[0].actor.kind is ActorKind.MEMBER
    assert [entry.actor.id for entry in audit] == [old.member_id, COWHERD]
    assert await parts.store.outbox.of(request.id) == ()
    assert await parts.requests.of_member(ANN) == ()
    assert await purge(parts) == 0


async def test_two_old_requests_do_not_show_that_they_were_one_members(parts: Setup) -> None:
    requests = [await end_one(parts, kind) for kind in (RequestKind.DKIM, RequestKind.DMARC)]
    parts.time += KEPT + DAY
    await purge(parts)
    ids = {(await now_of(parts, request)).member_id for request in requests}
    assert len(ids) == 2
    assert max(ids) < 0


async def test_an_admin_who_decided_their_own_request_is_not_named_by_it(parts: Setup) -> None:
    opened = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, COWHERD)
    await parts.requests.deny(opened.request.id, COWHERD, "Never mind.")
    parts.time += KEPT + DAY
    await purge(parts)
    old = await now_of(parts, opened.request)
    actors = {entry.actor.id for entry in await parts.requests.audit(old.id)}
    assert actors == {old.decided_by} == {old.member_id}


async def test_an_open_request_is_kept_however_old_it_is(parts: Setup) -> None:
    request = (await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, BEN)).request
    parts.time += 2 * KEPT
    assert await purge(parts) == 0
    assert (await now_of(parts, request)).member_id == BEN
    assert len(await parts.store.outbox.of(request.id)) == 1


async def test_what_was_approved_for_a_domain_outlives_the_request(parts: Setup) -> None:
    request = (await parts.requests.open(RequestKind.DMARC, FRIEND, PLACE, ANN)).request
    await parts.requests.approve(request.id, COWHERD, stage="none")
    await parts.settle()
    await parts.requests.withdraw(request.id, ANN)
    await parts.settle()
    parts.time += KEPT + DAY
    assert await purge(parts) == 1
    assert await parts.requests.approved_stage(FRIEND) == "none"


async def test_it_looks_once_a_day(parts: Setup) -> None:
    checks, retention = StoredChecks(parts.database), Retention(parts.database, parts.now)
    assert await purge(parts, retention) == 0
    await checks.keep(FRIEND, ANN, "{}", 1, parts.time - 2 * KEPT)
    parts.pass_time(hours=23)
    assert await purge(parts, retention) == 0
    parts.pass_time(hours=1)
    assert await retention.next_due() == parts.time
    assert await purge(parts, retention) == 1
    assert await retention.next_due() == parts.time + DAY


async def test_a_step_takes_a_batch_and_writers_get_their_turn_between_two(parts: Setup) -> None:
    def fill(session: Session) -> None:
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                "INSERT INTO stored_check (domain, member_id, report, schema, checked_at) "
                "SELECT 'friend.example', 1, '{}', 1, '2020-01-01 00:00:00.000000' FROM n"
            )
        )

    await parts.database.write(fill)
    retention = Retention(parts.database, parts.now)
    assert await retention.step() == AT_ONCE
    left = []
    checks, recent = StoredChecks(parts.database), RecentDomains(parts.database)
    purging = asyncio.create_task(purge(parts, retention))
    while not purging.done():
        await recent.remember(ANN, FRIEND, parts.time)
        left.append(await checks.count_of(1))
    assert await purging == 5000 - AT_ONCE
    # Members were answered while it went on, after every few batches.
    assert len(set(left)) > 5
    assert await recent.of(ANN) == (FRIEND,)


async def test_it_runs_as_a_job_until_it_is_cancelled(parts: Setup) -> None:
    checks = StoredChecks(parts.database)
    old = await checks.keep(FRIEND, ANN, "{}", 1, parts.time - KEPT - DAY)
    job = asyncio.create_task(Retention(parts.database, parts.now).run())
    async with asyncio.timeout(MAX_WAIT):
        while await checks.get(old) is not None:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.01)
    assert not job.done()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert job.cancelled()
