"""The log's lines: whole, harmless, without secrets, and of whom they are."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.loading import load_settings
from bot.log_context import CURRENT_INTERACTION, CurrentInteraction
from bot.logs import JsonFormatter, LineFormatter

if TYPE_CHECKING:
    from typing import Any

SECRET = "s3cr3t-k3y/="
HOSTILE = "a\n2026 ERROR bot: forged\x1b[2J\u202e\u2028\x85b"
REQUIRED = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 -all"}


def record(message: str, error: BaseException | None = None, **more: Any) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("bot.test", logging.ERROR, __file__, 1, "%s", (message,), info)
    made.__dict__.update(more)
    return made


def failure(text: str) -> BaseException:
    error = ValueError(text)
    with contextlib.suppress(ValueError):
        raise error
    return error


def read(line: str) -> dict[str, str]:
    assert line.isascii()
    assert line.isprintable()
    fields: dict[str, str] = json.loads(line)
    return fields


def test_a_json_line_says_when_who_and_what() -> None:
    fields = read(JsonFormatter().format(record("it failed", reference="ABC234")))
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "error",
        "logger": "bot.test",
        "message": "it failed",
        "reference": "ABC234",
    }


def test_a_json_line_names_the_interaction_of_its_task() -> None:
    def write() -> dict[str, str]:
        CURRENT_INTERACTION.set(CurrentInteraction(10**17 + 1, "mailadmin queue"))
        return read(JsonFormatter().format(record("it failed")))

    fields = contextvars.copy_context().run(write)
    assert fields["interaction"] == "100000000000000001"
    assert fields["command"] == "mailadmin queue"
    assert "interaction" not in read(JsonFormatter().format(record("later")))


@given(st.text())
def test_nothing_that_is_logged_breaks_a_json_line_or_drives_a_terminal(text: str) -> None:
    fields = read(JsonFormatter().format(record(text, failure(text))))
    assert fields["message"].isprintable()
    assert all(line.isprintable() for line in fields["traceback"].split("\n"))


def test_a_traceback_is_inside_its_json_line() -> None:
    fields = read(JsonFormatter().format(record("it failed", failure(HOSTILE))))
    lines = fields["traceback"].split("\n")
    assert lines[0] == "Traceback (most recent call last):"
    assert any(line.startswith("ValueError: a") for line in lines)
    assert "\\x1b" in fields["traceback"]


def test_a_text_line_stays_one_line() -> None:
    line = LineFormatter().format(record(HOSTILE))
    assert line.isprintable()
    assert "\\x0a" in line


@pytest.mark.parametrize("formatter", [LineFormatter, JsonFormatter])
def test_a_secret_is_never_written(formatter: type[LineFormatter | JsonFormatter]) -> None:
    made = record(f"GET /?key={SECRET}", failure(f"no {SECRET}!"))
    line = formatter([SECRET, SECRET[:8], "of"]).format(made)
    assert SECRET[:8] not in line
    assert line.count("[secret]") == 2


def test_the_settings_know_every_secret() -> None:
    settings = load_settings(
        {
            **REQUIRED,
            "DISCORD_TOKEN": "the-token",
            "MAILCOW_URL": "https://mx1.cow.example",
            "MAILCOW_API_KEY": "write-key",
            "MAILCOW_READ_KEY": "read-key",
            "DATABASE_URL": "postgresql+asyncpg://bot:p%40ssword@db/bot",
        }
    )
    wanted = {"the-token", "write-key", "read-key", "p%40ssword", "p@ssword"}
    assert set(settings.secrets()) == wanted
    assert load_settings(REQUIRED).secrets() == ()
