"""Reads the settings out of the environment and the file of variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from bot.config.example_values import find_example_values
from bot.config.settings import Settings, variable_names
from bot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV_FILE = Path(".env")


def load_settings(
    environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> Settings:
    """Return the settings that the environment and the file of variables hold.

    Without arguments these are the environment of the process and, where there is one, `.env` in
    the current folder. An `environ` counts alone, beside `env_file` where that is given, too.
    The environment goes before the file, and unknown variables are passed over.

    Raises:
        ConfigError: with one line for each fault; no line and no chained error holds a secret. A
            file that still has the mail server of `.env.example` is one.

    """
    if env_file is None:
        file = ENV_FILE if environ is None and ENV_FILE.exists() else None
    else:
        file = env_file
    given = os.environ if environ is None else environ
    # An empty variable is not set, so it must not hide what the file says.
    texts = {name: given[name] for name in variable_names() if given.get(name, "").strip()}
    fault = _try_reading(file) if file is not None else None
    if fault is not None:
        raise ConfigError((fault,))
    faults = [] if file is None else find_example_values(file, texts, _examples())
    try:
        settings = Settings.model_validate(texts if file is None else _read(file) | texts)
    except ConfigError as error:
        faults += error.faults
    if faults:  # out here no chained error holds the values
        order = variable_names()
        raise ConfigError(tuple(sorted(faults, key=lambda f: order.index(f.partition(":")[0]))))
    return settings


def _try_reading(file: Path) -> str | None:
    """Return why a file of variables cannot be read, or None."""
    try:
        file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return f"{file}: It is no UTF-8 text. Example: .env.example"
    except OSError as error:
        return f"{file}: It cannot be read ({error.strerror}). Example: .env.example"
    return None


def _read(file: Path) -> dict[str, str]:
    """Return what a file of variables holds; a name without a value is not set."""
    values = dotenv_values(file, encoding="utf-8")
    return {name: text for name, text in values.items() if text is not None}


def _examples() -> dict[str, list[str]]:
    """Return the examples of each variable."""
    return {name.upper(): field.examples or [] for name, field in Settings.model_fields.items()}
