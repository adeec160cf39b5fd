"""`demo`: the bot on a simulated Discord, in a browser or as a tour on the console."""

from __future__ import annotations

import asyncio

from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.demo.extra_packages import require_extra


def show(*, tour: bool) -> None:
    """Open the demo in a browser until it is stopped, or play the tour to its end."""
    end_loading()
    if tour:
        from bot.demo.tour import play_tour  # noqa: PLC0415 - each loads much the other does not use

        asyncio.run(play_tour(make_console()))
        return
    require_extra()
    from bot.demo.browser_demo import show_demo  # noqa: PLC0415 - it needs what was just required

    asyncio.run(show_demo(make_console()))
