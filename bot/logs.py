"""The log: one line a record on stderr, with everything invisible written out."""

from __future__ import annotations

import logging
import sys

from bot.characters import reveal

_WARNERS = ("discord.client", "discord.state")
_WARNINGS = ("voice will NOT be supported", "This may cause state related issues.")


class LineFormatter(logging.Formatter):
    """Writes a record as one line, and a traceback's lines indented below it."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        r"""Return the line; line breaks that somebody typed are shown as `\x0a`."""
        return reveal(super().formatMessage(record))

    def formatException(self, ei: logging._SysExcInfoType) -> str:  # noqa: N802 - as above
        """Return the traceback; exceptions may repeat what zones and people say."""
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"    {reveal(line)}" for line in lines)


def start_logging() -> None:
    """Send what happens from now on to stderr, from INFO upwards."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    handler.addFilter(_is_of_interest)
    # Below WARNING it tells of every migration that the store has had for long.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _is_of_interest(record: logging.LogRecord) -> bool:
    """Whether it is not the library's warning that there are no intents and no voice."""
    return not (record.name in _WARNERS and record.getMessage().endswith(_WARNINGS))
