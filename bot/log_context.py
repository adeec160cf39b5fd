"""The interaction that the running task handles, for every line that it logs."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurrentInteraction:
    """The interaction that is being handled."""

    interaction_id: int
    command: str  # a command with its group, or the custom_id of a button or a form


# Tasks that a handler starts inherit it.
CURRENT_INTERACTION: ContextVar[CurrentInteraction | None] = ContextVar(
    "current_interaction", default=None
)
