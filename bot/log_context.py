"""What the running task is at: an interaction, told to the log with every line about it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occasion:
    """The interaction that is being handled."""

    interaction_id: int
    command: str  # a command with its group, or the custom_id of a button or a form


# Tasks that a handler starts inherit it.
OCCASION: ContextVar[Occasion | None] = ContextVar("occasion", default=None)
