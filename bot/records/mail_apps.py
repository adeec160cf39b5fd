"""Mail apps: what each calls its menus and fields, and the values that fill its steps."""

from __future__ import annotations

from collections.abc import Mapping  # pydantic reads it when the program runs
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field

from bot.records.client_settings import BY_HAND, Protocol, Security
from bot.records.provider_rows import Address, Day, Key, one_of, read_rows, refuse

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.records.client_settings import ClientSettings, Service

DATA = Path(__file__).with_name("mail_apps.toml")
OTHER_APP = "other"  # the key of the row that is for all others

# What stands on a screen is shown in bold as it is here: no Markdown in it.
_Label = Annotated[str, Field(pattern=r"^(?:[^\W_]|[ ,.()/&+:-]){1,60}$")]
_Menu = Annotated[tuple[_Label, ...], Field(min_length=1, max_length=8)]
_Name = Annotated[str, Field(pattern="^[a-z]{2,20}$")]
_Menus = Annotated[Mapping[_Name, _Menu], AfterValidator(MappingProxyType)]


@dataclass(frozen=True, slots=True)
class MailApp:
    """One app, as a row of `mail_apps.toml` describes it; the types are what a row may say."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    key: Key
    name: _Label
    version: _Label  # or the device that the steps were written for
    date: Day  # of the youngest source, or of when it was read
    date_is: Annotated[str, one_of("stated", "read")]
    tls: _Label
    starttls: _Label
    words: _Menus
    sources: Annotated[tuple[Address, ...], Field(min_length=1)]
    notes: tuple[Annotated[str, one_of("cloud", "profile")], ...] = field(default=())

    @property
    def template(self) -> str:
        """The template of its steps: one a line, six at most."""
        return f"apps/{self.key}"

    @property
    def about(self) -> dict[str, Fact]:
        """What can be said of the app itself, beside the facts of the settings."""
        return {
            "app": self.name,
            "version": self.version,
            "date": self.date.isoformat(),
            "has_versions": self.key != OTHER_APP,
        }

    def remarks(self, settings: ClientSettings) -> tuple[str, ...]:
        """Return the templates of what is said below the steps, in order."""
        return (
            *(("setup/nobody",) if settings.is_example else ()),
            "setup/certificate",
            *(BY_HAND if self.key == OTHER_APP else ()),
        )

    def facts(self, settings: ClientSettings) -> dict[str, Fact]:
        """Return what the steps may say: the app's own words, and the values to type.

        The first way to read and the first to send are those that the steps set up.
        """
        reading, sending = settings.of(Protocol.IMAP)[0], settings.of(Protocol.SMTP)[0]
        return {
            **self.words,
            "app": self.name,
            "user_name": settings.user_name,
            "host": settings.host,
            "imap_port": reading.port,
            "imap_security": self._security(reading),
            "smtp_port": sending.port,
            "smtp_security": self._security(sending),
        }

    def _security(self, service: Service) -> tuple[str, ...]:
        return (self.tls if service.security is Security.TLS else self.starttls,)


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    app: Annotated[tuple[MailApp, ...], Field(min_length=1)]


@cache
def load_apps(path: Path = DATA) -> tuple[MailApp, ...]:
    """Return the apps in the order of the menu.

    Raises:
        ConfigError: the file is no TOML, or a row says what none may; one line a fault.

    """
    rows = read_rows(path, _File, "app").app
    keys = [row.key for row in rows]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise refuse(path, (f"Two rows have the key {twice[0]}.",))
    return rows


def app_by_key(key: str) -> MailApp | None:
    """Return the app with this key; None where none has it."""
    return next((app for app in load_apps() if app.key == key), None)
