"""Reads arguments of the command line; each reader raises UsageError with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.characters import echo
from bot.console.exits import complain
from bot.dns.server_address import Server
from bot.errors import InvalidName, UsageError
from bot.names import Domain, MailAddress
from bot.records.mail_apps import app_by_key, load_apps
from bot.records.providers import OTHER, load_providers, provider_by_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.records.mail_apps import MailApp
    from bot.words import Words


def read_domain(text: str, words: Words) -> Domain:
    """Return a mail domain; says on stderr where it was taken out of a link or an address."""
    try:
        parsed = Domain.parse(text)
    except InvalidName as error:
        raise UsageError(words.error(error)) from error
    if remark := words.remark(parsed):
        complain(remark)
    return parsed.domain


def read_address(text: str, words: Words) -> MailAddress:
    """Return a mail address."""
    try:
        return MailAddress.parse(text)
    except InvalidName as error:
        raise UsageError(words.error(error)) from error


def read_servers(texts: Iterable[str]) -> tuple[Server, ...]:
    """Return the name servers given with --nameserver: addresses, each with an optional port."""
    try:
        return tuple(Server.parse(text) for text in texts)
    except ValueError as error:
        raise UsageError(f"--nameserver: {error}") from error


def require_provider(key: str | None) -> None:
    """Let a provider's key given with --provider pass, and none at all."""
    if key is None or provider_by_key(key) is not None:
        return
    keys = ", ".join((*(provider.key for provider in load_providers()), OTHER))
    raise UsageError(f'--provider: "{echo(key)}" is none that I know; there are {keys}.')


def read_app(key: str | None) -> MailApp | None:
    """Return the mail app that --app names, None without it."""
    if key is None:
        return None
    if (app := app_by_key(key)) is not None:
        return app
    keys = ", ".join(each.key for each in load_apps())
    raise UsageError(f'--app: "{echo(key)}" is none that I know; there are {keys}.')
