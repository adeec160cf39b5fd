"""Members and admins of the soak: they ask, decide, publish, and try again where nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Final

from discord_channels import has_button
from discord_payloads import CHANNEL, text_of, walk
from request_cases import MAIL, Case, key_line, prepare

from benchmarks.processes_discord import direct_channel
from benchmarks.processes_world import shortly_kept, sound_zone
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_payloads import Json
    from sent_interaction import SentInteraction

    from benchmarks.processes_world import Fault, World

ADMINS: Final = 600  # each looks at one request, as checks are counted a person and minute
AT_ONCE: Final = 24  # requests that are brought further at the same time
FIRST_MEMBER, FIRST_ADMIN = 200_000_000_000_000_000, 300_000_000_000_000_000
PATIENCE: Final = 10.0  # seconds that somebody waits for an answer, and then tries again
_REST: Final = 2.0  # seconds between two tries
_FAR: Final = 3600.0  # seconds; the soak ends before that


class People:
    """Brings each request from asking to live, and each fault from its beginning to its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._discord = world.discord
        self._chance = world.chance
        self.cases = [Case(place) for place in range(world.extent.requests)]
        self.numbers: dict[int, int] = {}  # of requests, by the place of the case
        self.mended: set[str] = set()  # domains whose fault has come to its end

    async def ask_for_all(self, seconds: float) -> None:
        """Return when all requests are live; they begin one after the other within so long."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def begin(place: int, case: Case) -> None:
            await asyncio.sleep(seconds * place / max(len(self.cases), 1))
            async with turns:
                await self._play(case)

        async with asyncio.TaskGroup() as group:
            for place, case in enumerate(self.cases):
                group.create_task(begin(place, case))

    async def break_and_mend(self, fault: Fault, after: float, every: float) -> None:
        """Break a domain after some seconds, and mend it once that was told.

        The time until its next look passes in `every` so many seconds.
        """
        world = self._world
        await asyncio.sleep(after)
        await self._look_until(fault, every, "looked_at IS NOT NULL", table="watched")
        world.publish(fault.domain, fault.broken)
        await self._look_until(fault, every, "opened_at IS NOT NULL")
        world.publish(fault.domain, sound_zone(fault.domain))
        await self._look_until(fault, every, "closed_at IS NOT NULL")
        self.mended.add(fault.domain)

    async def _look_until(
        self, fault: Fault, every: float, is_so: str, *, table: str = "incident"
    ) -> None:
        query = f"SELECT 1 FROM {table} WHERE subject = $1 AND {is_so}"  # noqa: S608 - our own words
        while not await self._world.record.rows(query, fault.domain):
            await self._world.pass_time(fault.domain)
            await asyncio.sleep(every * self._chance.uniform(0.8, 1.2))

    async def _play(self, case: Case) -> None:
        self._serve(case, *prepare(case, self._world.mailcow, self._world.pair))
        member, asked = FIRST_MEMBER + case.place, {"domain": case.domain}
        while not case.is_asked:
            sent = await self._answered(
                lambda: self._discord.run_command(case.kind.value, asked, member=member)
            )
            case.is_asked = sent is not None and bool(re.search(r"#\d+", sent.texts))
            await self._pause(case.is_asked)
        card = await self._discord.message(CHANNEL, case.is_about, _FAR)
        number = self.numbers[case.place] = int(re.findall(r"#(\d+)", text_of(card))[0])
        approve = f"cowbell:req:approve:{number}"
        while has_button(card, approve):
            admins = [case.place]
            if self._chance.random() < 0.2:  # another one decides in the same moment
                admins.append(case.place + 1)
            await asyncio.gather(*(self._approve(case, number, card, one) for one in admins))
            with contextlib.suppress(TimeoutError):
                await self._discord.message(
                    CHANNEL, lambda m: case.is_about(m) and not has_button(m, approve), PATIENCE
                )
        direct = direct_channel(member)
        await self._discord.message(direct, case.is_first_word, _FAR)
        if case.kind is RequestKind.DKIM:
            self._serve(case, MAIL, key_line(self._world.mailcow.dkim[case.domain]))
        by_itself = self._chance.random() < 0.5
        while not case.is_live:
            if case.kind is RequestKind.WEBMAIL:
                await self._press(f"cowbell:req:done:{number}", card, case.place)
            elif by_itself:
                await self._world.pass_time_of_request(number)
            else:
                await self._press(f"cowbell:req:check:{number}", card, case.place)
            with contextlib.suppress(TimeoutError):
                await self._discord.message(direct, case.is_live_word, PATIENCE)
                case.is_live = True

    async def _approve(self, case: Case, number: int, card: Json, admin: int) -> None:
        """Try to approve a request; somebody may have done that meanwhile."""
        sent = await self._press(f"cowbell:req:approve:{number}", card, admin)
        if sent is None:
            return
        if case.kind is RequestKind.MAILDOMAIN:  # whose member has shown nothing
            risk, chosen = f"cowbell:req:risk:{number}", f"cowbell:req:add:{number}:risk"
            if await self._offers(sent, risk):
                sent = await self._press(risk, sent.message, admin)
                if sent is not None and await self._offers(sent, chosen):
                    await self._press(chosen, sent.message, admin)
        elif case.kind is RequestKind.DMARC:
            stage = f"cowbell:req:stage:{number}"
            if await self._offers(sent, stage):
                message = sent.message
                await self._answered(
                    lambda: self._discord.choose(
                        stage, "none", message, member=FIRST_ADMIN + admin % ADMINS
                    )
                )

    async def _offers(self, sent: SentInteraction, custom_id: str) -> bool:
        """Whether there is a choice; there is none where the answer is that it was decided."""

        def is_there(sent: SentInteraction) -> bool:
            return any(part.get("custom_id") == custom_id for part in walk(sent.message))

        with contextlib.suppress(TimeoutError):
            await sent.until(lambda sent: bool(sent.others) or is_there(sent), PATIENCE)
        return is_there(sent)

    async def _press(self, custom_id: str, card: Json, admin: int) -> SentInteraction | None:
        member = FIRST_ADMIN + admin % ADMINS
        return await self._answered(lambda: self._discord.click(custom_id, card, member=member))

    async def _answered(
        self, act: Callable[[], Awaitable[SentInteraction]]
    ) -> SentInteraction | None:
        """Return what was done as soon as it is answered; None where that takes too long."""
        sent = await act()
        try:
            return await sent.answered(PATIENCE)
        except TimeoutError:
            return None

    async def _pause(self, is_done: bool) -> None:
        if not is_done:
            await asyncio.sleep(_REST)

    def _serve(self, case: Case, *lines: str) -> None:
        self._world.publish(case.domain, shortly_kept("\n".join(lines)))
