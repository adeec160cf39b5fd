"""`check`: what domains do publish, and what to change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.console_root import open_core
from bot.config.loading import load_settings
from bot.console.arguments import read_domain, read_servers, require_provider
from bot.console.bulk import OutputOptions, read_domains, sweep
from bot.console.changes_page import read_earlier
from bot.console.exits import FAILED, NOTHING_FOUND_OUT, OK, WRONG_USAGE, complain
from bot.console.key_option import read_key
from bot.console_commands.loaded import end_loading
from bot.errors import UsageError
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.console.bulk import SweepOutcome
    from bot.names import Domain


@dataclass(frozen=True, slots=True)
class CheckCall:
    """What `check` was called with, each as it was typed."""

    domains: Sequence[str]
    file: Path | None
    as_json: bool
    nameservers: Sequence[str]
    dkim: str | None
    explain: bool
    since: Path | None
    provider: str | None


def check(call: CheckCall) -> int:
    """Print what the domains do publish, and return the exit code."""
    require_provider(call.provider)
    names = [*call.domains, *(read_domains(call.file) if call.file else [])]
    if not names:
        raise UsageError("Name at least one domain, e.g. check friend.example.")
    if call.dkim is not None and len(names) > 1:
        raise UsageError("--dkim is one domain's key; give it with one domain only.")
    config = load_settings()
    words = Words(own=config.templates_dir)
    servers = read_servers(call.nameservers)
    key = read_key(call.dkim, config.dkim_selector, words)
    earlier = read_earlier(call.since) if call.since is not None else None
    wanted, wrong = _read_names(names, words)
    output = OutputOptions(call.as_json, call.explain, earlier, call.provider)

    async def run() -> SweepOutcome:
        async with open_core(config, servers) as core:
            return await sweep(core, wanted, key, output)

    end_loading(sweeps=True)
    outcome = asyncio.run(run())
    if wrong:
        return WRONG_USAGE
    if outcome.failed:
        return FAILED
    return NOTHING_FOUND_OUT if outcome.nothing_found_out else OK


def _read_names(names: Sequence[str], words: Words) -> tuple[list[Domain], bool]:
    """Return the domains, each once, and whether any was none; these are said on stderr."""
    wanted, wrong = [], False
    for name in names:
        try:
            wanted.append(read_domain(name, words))
        except UsageError as error:
            wrong = True
            complain(error)
    return list(dict.fromkeys(wanted)), wrong
