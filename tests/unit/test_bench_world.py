"""The world of the benchmarks, as far as no benchmark has to run for it."""

from __future__ import annotations

from benchmarks.ours import key_of
from benchmarks.zones import make_world


def test_each_members_key_can_be_known() -> None:
    keys = [key_of(value) for value in make_world(20).dkim.values()]
    assert len({key.record.key for key in keys}) == 22
