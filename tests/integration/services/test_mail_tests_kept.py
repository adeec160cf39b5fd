"""What is kept of test mails on a real store: nothing of who was forgotten, or after its time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailbox_double import MailboxFault
from bot.errors import ProbeError
from bot.store.repositories.mail_test_news import MailTestNews
from mail_testing_parts import ANN, mail_for, open_mail_testing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mail_testing_parts import MailTestParts

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[MailTestParts]:
    async with open_mail_testing(database_url) as parts:
        yield parts


async def test_a_member_who_is_forgotten_leaves_nothing_but_a_mail_to_delete(
    parts: MailTestParts,
) -> None:
    before = parts.double.state()
    done, open_one = await parts.begin(), await parts.begin()
    parts.double.deliver(mail_for(done))
    await parts.service.step()
    await parts.tests.forget(ANN)
    assert await parts.service.get(done.test.id) is None
    assert await parts.tests.count_of(ANN) == 0
    parts.double.deliver(mail_for(open_one))
    await parts.service.step()
    assert await parts.service.get(open_one.test.id) is None
    assert parts.double.state() == before


async def test_what_is_judged_while_its_member_is_forgotten_is_not_kept(
    parts: MailTestParts,
) -> None:
    before, forgetting = parts.double.state(), list[asyncio.Task[None]]()
    new = await parts.begin()
    parts.double.deliver(mail_for(new))

    def forget(name: str) -> None:
        if name == "UID FETCH" and "BODY.PEEK[]" in str(parts.double.commands[-1]):
            forgetting.append(asyncio.create_task(parts.tests.forget(ANN)))
        if name == "UID STORE":
            raise OSError("the server is gone")

    parts.double.after_command = forget
    with pytest.raises(ProbeError):
        await parts.service.step()
    await asyncio.gather(*forgetting)
    assert len(forgetting) == 1
    (left,) = await parts.tests.unfinished()
    assert (left.forgotten, left.head, left.verdict, left.from_domain) == (True, "", "", None)
    news = MailTestNews(parts.database)
    assert await news.take_due(parts.clock(), timedelta(minutes=2), 8) == ()
    parts.double.after_command = None
    await parts.service.step()
    assert await parts.tests.unfinished() == ()
    assert parts.double.state() == before


async def test_after_its_time_nothing_is_kept_of_a_test_but_a_mail_to_delete(
    parts: MailTestParts,
) -> None:
    first, second = await parts.begin(), await parts.begin()
    parts.double.deliver(mail_for(first))
    await parts.service.step()
    parts.double.deliver(mail_for(second))
    parts.double.fault, parts.double.breaks_at = MailboxFault.HANGS_UP, "UID STORE"
    with pytest.raises(ProbeError):
        await parts.service.step()
    assert (await parts.now(second)).head
    later = parts.clock() + timedelta(days=31)
    assert await parts.tests.purge(later, 10) == 2
    assert await parts.tests.purge(later, 10) == 0
    (left,) = await parts.tests.unfinished()
    assert (left.id, left.forgotten, left.head, left.verdict) == (second.test.id, True, "", "")
    assert await parts.tests.count_of(ANN) == 0
    parts.double.fault = MailboxFault.FINE
    await parts.service.step()
    assert await parts.service.get(second.test.id) is None
    assert await parts.tests.unfinished() == ()
