"""The demo in a browser, as the terminal sees it: what to try, mending domains, the end."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.demo import world
from bot.demo.simulated_discord import ADMIN, GUILD, MEMBERS, open_stage
from bot.demo.terminal_lines import read_lines
from bot.words import Medium, Words

if TYPE_CHECKING:
    from rich.console import Console

    from bot.demo.simulated_discord import Stage


async def show_demo(console: Console) -> None:
    """Run the demo until SIGINT, SIGTERM or the page's own end of the session."""
    stop = _catch_signals()
    words = Words()
    async with open_stage(_welcome()) as stage:
        console.print(_introduce(stage, words), soft_wrap=True)
        ends = {asyncio.create_task(stop.wait()), asyncio.create_task(stage.wait_closed())}
        orders = asyncio.create_task(_take_orders(stage, console, words))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in (*ends, orders):
            task.cancel()
        await asyncio.gather(*ends, orders, return_exceptions=True)


def _welcome() -> str:
    return Words(Medium.DISCORD).render("demo/welcome", {"service": GUILD, "admin": ADMIN})


def _introduce(stage: Stage, words: Words) -> str:
    facts = {
        "url": stage.url,
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


async def _take_orders(stage: Stage, console: Console, words: Words) -> None:
    """Do to the domains what is typed into the terminal."""
    async for line in read_lines():
        order, _, rest = line.strip().lower().partition(" ")
        name = rest.strip()
        if order in {"mend", "publish"} and name in world.DOMAINS:
            if order == "mend":
                stage.mend(name)
                said = words.sentence("demo/mended", {"domain": name})
            else:
                kinds = tuple(kind.value.upper() for kind in await stage.publish(name))
                said = words.sentence("demo/published", {"domain": name, "kinds": kinds})
            console.print(said, soft_wrap=True)
        elif order:
            console.print(words.sentence("demo/unknown", {"domains": tuple(world.DOMAINS)}))
