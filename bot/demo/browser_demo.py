"""The demo in a browser, as the terminal sees it: what to try, mending domains, the end."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.demo import world
from bot.demo.simulated_discord import ADMIN, GUILD, MEMBERS, open_demo
from bot.demo.terminal_lines import read_lines
from bot.demo.time_commands import MOST_DAYS
from bot.words import Medium, Words

if TYPE_CHECKING:
    from rich.console import Console

    from bot.demo.simulated_discord import RunningDemo

_DAYS: Final = frozenset(map(str, range(1, MOST_DAYS + 1)))


async def show_demo(console: Console) -> None:
    """Run the demo until SIGINT, SIGTERM or the page's own end of the session."""
    stop = _catch_signals()
    words = Words()
    async with open_demo(_welcome()) as demo:
        console.print(_introduce(demo, words), soft_wrap=True)
        ends = {asyncio.create_task(stop.wait()), asyncio.create_task(demo.wait_closed())}
        orders = asyncio.create_task(_take_orders(demo, console, words))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in (*ends, orders):
            task.cancel()
        await asyncio.gather(*ends, orders, return_exceptions=True)


def _welcome() -> str:
    return Words(Medium.DISCORD).render("demo/welcome", {"service": GUILD, "admin": ADMIN})


def _introduce(demo: RunningDemo, words: Words) -> str:
    facts = {
        "url": demo.url,
        "members": MEMBERS,
        "admin": ADMIN,
        "domains": tuple(world.DOMAINS.values()),
    }
    return words.render("demo/start", facts)


def _catch_signals() -> asyncio.Event:
    """Return what is set once the demo is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # On Windows loops take no signals; Ctrl-C ends the program there as it does any other.
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    return stop


async def _take_orders(demo: RunningDemo, console: Console, words: Words) -> None:
    """Carry out the commands that are typed into the terminal."""
    async for line in read_lines():
        order, _, rest = line.strip().lower().partition(" ")
        if said := await _carry_out(demo, order, rest.strip(), words):
            console.print(said, soft_wrap=True)


async def _carry_out(demo: RunningDemo, order: str, rest: str, words: Words) -> str:
    """Do what one line asks for; return what is said then, nothing to an empty line."""
    if order in {"mend", "break", "publish"} and rest in world.DOMAINS:
        if order == "mend":
            demo.mend(rest)
            return words.sentence("demo/mended", {"domain": rest})
        if order == "break":
            demo.damage(rest)
            return words.sentence("demo/broken", {"domain": rest})
        typed = await demo.publish(rest)
        return words.sentence("demo/published", {"domain": rest, **typed.facts})
    if order == "days" and rest in _DAYS:
        await demo.let_pass(int(rest))
        return words.sentence("demo/passed", {"days": int(rest)})
    if not order:
        return ""
    return words.sentence("demo/unknown", {"domains": tuple(world.DOMAINS)})
