"""`records`: what a domain should publish."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.app.console_root import open_core
from bot.checks.observe.zone import find_place
from bot.config.loading import load_settings
from bot.console.arguments import read_domain, require_provider
from bot.console.key_option import read_key
from bot.console.options import Format
from bot.console.records_page import show_records
from bot.console.terminal import make_console
from bot.console_commands.loaded import end_loading
from bot.words import Words

if TYPE_CHECKING:
    from bot.records.dmarc_policy import DmarcPolicy


def print_records(
    domain: str,
    output: Format,
    dkim: str | None,
    provider: str | None,
    stage: DmarcPolicy | None,
) -> None:
    """Print the records that a domain should have."""
    require_provider(provider)
    config = load_settings()
    words = Words(own=config.templates_dir)
    wanted = read_domain(domain, words)
    key = read_key(dkim, config.dkim_selector, words)

    async def show() -> None:
        async with open_core(config) as core:
            expected = await core.expect(wanted, key)
            if stage is not None:
                expected = expected.at_policy(stage)
            place = None
            if output is Format.TABLE:  # the other formats are the same for every provider
                place = await find_place(core.checker.ask, wanted)
            show_records(make_console(), expected, output, words, place=place, provider=provider)

    end_loading()
    asyncio.run(show())
