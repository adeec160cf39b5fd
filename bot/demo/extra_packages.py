"""What the demo in a browser needs beyond the bot: the packages of the extra `demo`."""

from __future__ import annotations

from importlib.util import find_spec

from bot.errors import UsageError

_MODULES = ("simcord", "aiohttp", "markdown_it", "linkify_it", "regex", "PIL")


def require_extra() -> None:
    """Return where all of it is installed.

    Raises:
        UsageError: something is not.

    """
    if any(find_spec(module) is None for module in _MODULES):
        raise UsageError(
            'The demo in a browser needs its extra: pip install "cowbell[demo]". '
            "demo --tour goes without."
        )
