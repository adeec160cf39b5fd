"""The log on stderr: one line a record, as text or JSON, with invisible characters written out."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.characters import reveal
from bot.log_context import CURRENT_INTERACTION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.config.settings import Settings

_WARNERS = ("discord.client", "discord.state")
_WARNINGS = ("voice will NOT be supported", "This may cause state related issues.")
_OURS = ("bot", "cogs")
_SHORTEST_SECRET = 6  # characters; a shorter one would be found in every other word
_HIDDEN = "[secret]"


class LineFormatter(logging.Formatter):
    """Writes a record as one line, and a traceback's lines indented below it.

    `secrets` are left out wherever they stand.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")
        self._secrets = _longest_first(secrets)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        r"""Return the line; line breaks that somebody typed are shown as `\x0a`."""
        return reveal(_hide(super().formatMessage(record), self._secrets))

    def formatException(self, ei: logging._SysExcInfoType) -> str:  # noqa: N802 - as above
        """Return the traceback; exceptions may repeat what zones and people say."""
        lines = _hide(super().formatException(ei), self._secrets).splitlines()
        return "\n".join(f"    {reveal(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON (RFC 8259) in ASCII, its traceback inside.

    `time` is in UTC; ids are strings, since JSON's numbers lose the last digits of Discord's.
    What is not there is left out.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = _longest_first(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        reference: str | None = getattr(record, "reference", None)
        if reference is not None:
            fields["reference"] = reference
        current = CURRENT_INTERACTION.get()
        if current is not None:
            fields["interaction"] = str(current.interaction_id)
            fields["command"] = self._clean(current.command)
        if record.exc_info:
            lines = _hide(self.formatException(record.exc_info), self._secrets).splitlines()
            fields["traceback"] = "\n".join(map(reveal, lines))
        return json.dumps(fields)

    def _clean(self, text: str) -> str:
        # Whoever decodes the line may show it on a terminal.
        return reveal(_hide(text, self._secrets))


def start_logging(settings: Settings) -> None:
    """Send what happens from now on to stderr, in the format and from the level configured."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter if settings.log_format == "json" else LineFormatter
    handler.setFormatter(formatter(settings.secrets()))
    handler.addFilter(_is_of_interest)
    level: int = getattr(logging, settings.log_level.upper())
    # Below INFO the libraries repeat what people typed and the tokens of interactions.
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler])
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    # Below WARNING it tells of every migration that the store has had for long.
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)


def keep_quiet() -> None:
    """Log nothing from now on: for commands whose own output says all that there is to say."""
    logging.getLogger().addHandler(logging.NullHandler())


def _is_of_interest(record: logging.LogRecord) -> bool:
    """Whether it is not the library's warning that there are no intents and no voice."""
    return not (record.name in _WARNERS and record.getMessage().endswith(_WARNINGS))


def _longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the secrets that can be looked for; one may be a part of another."""
    usable = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
    return tuple(sorted(usable, key=len, reverse=True))


def _hide(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text
