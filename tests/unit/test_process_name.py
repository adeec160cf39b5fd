"""The name of a process, as a PostgreSQL server shows it."""

from __future__ import annotations

import os

import pytest

from bot.process_name import Duty, ProcessName


@pytest.mark.parametrize("duty", list(Duty))
def test_a_name_is_read_as_it_was_given(duty: Duty) -> None:
    name = ProcessName.own(duty)
    assert name.number == os.getpid()
    assert ProcessName.parse(str(name)) == name
    assert str(ProcessName(duty, 4711, "mail1")) == f"cowbell {duty} 4711@mail1"


def test_a_long_host_is_cut_as_the_server_cuts_it() -> None:
    text = str(ProcessName(Duty.STANDBY, 4194304, "h" * 63))
    assert len(text) == 63
    read = ProcessName.parse(text)
    assert read is not None
    assert (read.duty, read.number) == (Duty.STANDBY, 4194304)


@pytest.mark.parametrize(
    "text", ["", "psql", "cowbell", "cowbell walk 1@a", "cowbell run a@b", "cowbell run 1@a b"]
)
def test_another_program_is_none_of_ours(text: str) -> None:
    assert ProcessName.parse(text) is None
