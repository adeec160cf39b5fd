"""The provider that is named on the command line."""

from __future__ import annotations

from bot.characters import echo
from bot.errors import UsageError
from bot.records.providers import OTHER, load_providers, provider_by_key


def check_provider(key: str | None) -> None:
    """Let a provider's key pass, and none at all.

    Raises:
        UsageError: no provider has this key.

    """
    if key is None or provider_by_key(key) is not None:
        return
    keys = ", ".join((*(provider.key for provider in load_providers()), OTHER))
    raise UsageError(f'--provider: "{echo(key)}" is none that I know; there are {keys}.')
