"""The unmodified program is killed while it takes test mails, at each step of that."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from discord_channels import DIRECT, DiscordChannels
from discord_payloads import GUILD, text_of

from bot.app.shared_parts import utc_now
from bot.demo.mailbox_double import MailboxDouble
from bot.demo.zone_server import ZoneServer
from bot.names import Domain
from bot.records.mail_token import digest_token
from bot.store.engine.database import Database
from bot.store.repositories.mail_tests import MailTests
from mail_guild import FRIEND, mail_world
from max_wait import MAX_WAIT
from probe_mails import make_mail
from signed_mails import good_mail

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web
    from bot_process import Process
    from discord_payloads import Json

    from forked_python import ForkedPython

# Killed when the server has just done one of these: found, read, opened to delete, marked, gone.
STEPS = ("UID SEARCH", "UID FETCH", "SELECT", "UID STORE", "UID EXPUNGE")
TOKENS = tuple(letter * 16 for letter in "abcd")
ANN = 200000000000000000


class Told(DiscordChannels):
    """Says when every member has been written to."""

    def __init__(self) -> None:
        super().__init__()
        self.all_told = asyncio.Event()

    async def _take(self, channel: int, body: Json) -> web.Response:
        response = await super()._take(channel, body)
        if len(self.channels.get(DIRECT, [])) >= len(TOKENS):
            self.all_told.set()
        return response


async def begin_tests(folder: Path) -> None:
    """Write down an open test for each token, as the command does."""
    async with await Database.open(f"sqlite+aiosqlite:///{folder}/bot.db") as database:
        now = utc_now()
        for number, token in enumerate(TOKENS):
            domain, times = Domain.from_ascii(FRIEND), (now, now + timedelta(minutes=30))
            digest = digest_token(token)
            await MailTests(database).make(ANN + number, domain, digest, times, 6)


def kill_at(step: str, process: Process, command: str) -> None:
    if command == step:
        process.kill()


@pytest.mark.parametrize(
    "steps",
    [pytest.param(STEPS[3:4], id="marked"), pytest.param(STEPS, id="all", marks=pytest.mark.slow)],
)
async def test_killed_at_each_step_no_mail_is_lost_or_judged_twice_or_left_behind(
    tmp_path: Path, forked_python: ForkedPython, steps: tuple[str, ...]
) -> None:
    async with Told() as discord, ZoneServer(mail_world()) as dns, MailboxDouble() as mailbox:
        bot = Bot(tmp_path, discord, dns, forked_python)
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "PROBE_ADDRESS": "probe@else.example",
            "PROBE_IMAP_URL": mailbox.url,
            "PROBE_IMAP_PASSWORD": mailbox.password,
        }
        await begin_tests(tmp_path)
        mailbox.deliver(make_mail("boss@else.example", "Salaries"))
        mailbox.deliver(make_mail(f"probe+{'z' * 16}@else.example", "Somebody's"))
        before = mailbox.state()
        for token in TOKENS:
            to = f"X-Original-To: probe+{token}@else.example\r\n".encode()
            mailbox.deliver(to + good_mail())
        for step in steps:
            process = await bot.spawn()
            mailbox.after_command = partial(kill_at, step, process)
            await bot.end(process)
        clean = asyncio.Event()
        mailbox.after_command = lambda _: clean.set() if mailbox.state() == before else None
        process = await bot.spawn()
        await asyncio.wait_for(asyncio.gather(clean.wait(), discord.all_told.wait()), MAX_WAIT)
        assert await bot.stop(process) == 0
        assert mailbox.state() == before
        told = discord.channels[DIRECT]
        assert len(told) == len(TOKENS)
        assert all("✅" in text_of(message) for message in told)
        with closing(sqlite3.connect(tmp_path / "bot.db")) as store:
            rows = store.execute("SELECT state, passed FROM mail_test").fetchall()
        assert rows == [("arrived", 1)] * len(TOKENS)
        assert "Traceback" not in bot.says()
