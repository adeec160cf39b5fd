"""What the health port tells of its process: its duty at this moment, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.process_name import Duty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.process_name import ProcessName


class RunningProcess:
    """A process from its start to its end; a standby changes its duty when it takes over.

    `find_faults` is called at each look and gives what keeps the process from its duty, each in a
    word: for `run` that is the client's. A standby and `work` have none beside the database's,
    which the port finds out by itself.
    """

    def __init__(self, name: ProcessName, now: Callable[[], datetime]) -> None:
        self.name = name
        self.now = now
        self.duty = name.duty
        self.find_faults: Callable[[], Iterable[str]] = tuple

    def begin(self, duty: Duty, find_faults: Callable[[], Iterable[str]] = tuple) -> None:
        """Note that the process has another duty from now on: a standby leads, or one waits."""
        self.duty = duty
        self.find_faults = find_faults

    @property
    def leads(self) -> bool:
        """Whether it is the one at Discord, which alone has the figures of what all share."""
        return self.duty is Duty.RUN
