"""Which process of Cowbell this is: what it is there for, its number, and on which machine."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from enum import StrEnum

_FORM = re.compile(
    r"cowbell (?P<duty>run|standby|work) (?P<number>[0-9]{1,10})@(?P<host>[!-~]{1,63})"
)
# A PostgreSQL server cuts a longer application_name, and writes other characters anew.
_LONGEST = 63


class Duty(StrEnum):
    """What a process was started for, or does just now."""

    RUN = "run"  # it is at Discord, or about to be
    STANDBY = "standby"  # it waits for the place of the one that is
    WORK = "work"  # it never is


@dataclass(frozen=True, slots=True)
class ProcessName:
    """The name of a process, as a PostgreSQL server knows it: `cowbell work 4711@mail1`."""

    duty: Duty
    number: int  # the operating system's
    host: str

    @classmethod
    def own(cls, duty: Duty) -> ProcessName:
        """The name of this process."""
        # In a container every number is 1; its host name tells it from others.
        return cls(duty, os.getpid(), _plain(socket.gethostname()))

    @classmethod
    def parse(cls, text: str) -> ProcessName | None:
        """The name that a server shows; None where it is no process of ours."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        return cls(Duty(form["duty"]), int(form["number"]), form["host"])

    @property
    def place(self) -> str:
        """The process without its duty, which may change: `4711@mail1`."""
        return f"{self.number}@{self.host}"

    def __str__(self) -> str:
        return f"cowbell {self.duty} {self.place}"[:_LONGEST]


def _plain(host: str) -> str:
    return "".join(sign if "!" <= sign <= "~" else "?" for sign in host) or "?"
