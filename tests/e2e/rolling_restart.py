"""Units that stand by for each other, and members who go on with what they do meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from discord_payloads import CHANNEL, MEMBER, button, text_of
from sent_interaction import LONGEST_WAIT

from bot.demo.zones import parse_zone
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from bot_process import Bot, Process
    from discord_channels import DiscordChannels
    from discord_payloads import Json
    from sent_interaction import SentInteraction

    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.zone_server import ZoneServer

A_SECOND = 20  # things that members do
_STALL = 0.02  # seconds; who is woken so late was held up by the machine
_MAIL = '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"'
_CARD_OF = "friend.example"
# Most of them cost little, so that a busy machine keeps up: a check and a request need the DNS.
_THINGS = (
    *("check", "command", "type", "press", "type", "records", "form", "command", "press", "type"),
    *("ask", "command", "type", "press", "type", "records", "type", "command", "press", "type"),
)


class Unit:
    """One `run` with STANDBY, in a folder of its own, started and ended as a service manager does.

    Its log is JSON, and its times are those of the machine's clock, in seconds.
    """

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.process: Process | None = None
        bot.environment |= {"STANDBY": "true", "LOG_FORMAT": "json"}
        self._begun_at = 0.0

    async def start(self) -> None:
        """Start it."""
        self._begun_at = time.time()
        self.process = await self.bot.spawn()

    async def said(self, start: str) -> float:
        """Return when it last wrote what begins so since its start, once it has."""
        async with asyncio.timeout(MAX_WAIT):
            while (at := self.when(start)) is None:
                assert self.process is not None
                assert self.process.returncode is None, self.bot.says()
                await asyncio.sleep(0.01)
        return at

    def when(self, start: str) -> float | None:
        """Return when it last wrote what begins so since its start; None where it has not."""
        times = [
            datetime.fromisoformat(entry["time"]).timestamp()
            for entry in map(json.loads, self.bot.says().splitlines())
            if entry["message"].startswith(start)
        ]
        return times[-1] if times and times[-1] >= self._begun_at - 0.001 else None

    async def waits(self) -> None:
        """Return when it waits for another one, and hears what that one says."""
        await self.said("waiting: ")

    async def leads(self) -> float:
        """Return when it began to lead, once it has."""
        return await self.said("leading: ")

    async def end(self) -> None:
        """Have it end gently, and fail where it did not."""
        assert self.process is not None
        assert await self.bot.stop(self.process) == 0, self.bot.says()

    def kill(self) -> None:
        """End it at once, where it runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()


@asynccontextmanager
async def ended(*units: Unit) -> AsyncIterator[None]:
    """Kill what still runs when the block ends."""
    try:
        yield
    finally:
        for unit in units:
            unit.kill()
            if unit.process is not None:
                await unit.process.wait()


@dataclass
class Members:
    """People who run commands, press buttons, type and ask the admin, each of them once."""

    discord: DiscordChannels
    dns: ZoneServer
    mailcow: MailcowDouble
    commands: list[SentInteraction] = field(default_factory=list)  # and buttons
    typed: list[SentInteraction] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)  # which were asked for
    # From when to when this machine should have woken them and did not.
    stalls: list[tuple[float, float]] = field(default_factory=list)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Have them do things while the block lasts, as often whatever the answers are."""
        checked = await self._check(MEMBER)
        card = (await checked.until(lambda sent: "cowbell:details:" in str(sent.message))).message
        working = asyncio.create_task(self._work(card))
        try:
            yield
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    async def assert_all_answered(self) -> None:
        """Fail where one was not answered in time, or twice, or had no more than that."""
        assert len(self.typed) > A_SECOND / 4
        for sent in self.typed:
            await sent.acknowledged()
        for sent in self.commands:
            await sent.answered()
            assert "restarting" not in sent.texts
            assert "went wrong" not in sent.texts
        assert not self._find_late()
        assert not self.discord.answered_twice
        for domain in self.domains:
            await self.discord.message(CHANNEL, partial(_is_about, domain))
            cards = [card for card in self.discord.channels[CHANNEL] if _is_about(domain, card)]
            assert len(cards) == 1, domain

    def stalled(self, since: float, until: float) -> float:
        """The seconds between two times in which this machine stood still for the members."""
        total = 0.0
        for begun, ended in self.stalls:  # in their order; one may begin before the last one's end
            total += max(0.0, min(ended, until) - max(begun, since))
            since = max(since, ended)
        return total

    def _find_late(self) -> list[str]:
        """Say which waited too long, without the time in which this machine stood still."""
        return [
            f"{sent.payload['data']}: after {sent.first_at - sent.sent_at:.1f} s, "
            f"sent {time.monotonic() - sent.sent_at:.1f} s ago to {sent.deliveries}"
            for sent in self.discord.unanswered
            if sent.first is None
            or sent.first_at - sent.sent_at - self.stalled(sent.sent_at, sent.first_at)
            > LONGEST_WAIT
        ]

    def time_to_answer(self, at: float) -> float:
        """The seconds from a time of the machine's clock to the first answer to what came later."""
        since = time.time() - time.monotonic()
        sent = self.discord.clicks.values()
        later = [one for one in sent if one.sent_at + since >= at and one.first is not None]
        return min(one.first_at + since for one in later) - at

    @property
    def longest_silence(self) -> float:
        """The longest time in seconds of which nothing that was done was answered."""
        sent = sorted(self.discord.clicks.values(), key=lambda one: one.sent_at)
        longest, silent_since = 0.0, None
        for one in sent:
            if one.was_in_time:
                silent_since = None
            else:
                silent_since = one.sent_at if silent_since is None else silent_since
                longest = max(longest, one.sent_at - silent_since)
        return longest

    async def _work(self, card: Json) -> None:
        things = itertools.cycle(_THINGS)
        begun_at = time.monotonic()
        for number, thing in enumerate(things):
            due_at = begun_at + number / A_SECOND
            await asyncio.sleep(due_at - time.monotonic())
            if (woken_at := time.monotonic()) - due_at > _STALL:
                self.stalls.append((due_at, woken_at))
            member = MEMBER + 1 + number
            match thing:
                case "command":
                    await self._note(self.discord.run_command("help", member=member))
                case "check":
                    await self._check(member)
                case "records":
                    options = {"domain": _CARD_OF}
                    await self._note(self.discord.run_command("dnsrecords", options, member=member))
                case "press":
                    details = button(card, "details")
                    await self._note(self.discord.click(details, card, member=MEMBER))
                case "ask":
                    await self._ask(f"asked{number}.example", member)
                case "form":  # of another version, so that no handler of the library takes it
                    await self._note(self.discord.submit("a form of the last version"))
                case "type":
                    self.typed.append(
                        await self.discord.type_into("dnscheck", "domain", "fr", member=member)
                    )

    async def _check(self, member: int) -> SentInteraction:
        options = {"domain": _CARD_OF}
        return await self._note(self.discord.run_command("dnscheck", options, member=member))

    async def _ask(self, domain: str, member: int) -> None:
        self.mailcow.add_domain(domain)
        self.dns.zones = self.dns.zones.with_zone(parse_zone(domain, _MAIL))
        self.domains.append(domain)
        await self._note(self.discord.run_command("dkim", {"domain": domain}, member=member))

    async def _note(self, sending: Awaitable[SentInteraction]) -> SentInteraction:
        sent = await sending
        self.commands.append(sent)
        return sent


def _is_about(domain: str, card: Json) -> bool:
    return domain in text_of(card)
