"""Which keys are old or short, by their record alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.rotations.due_keys import AgedKey, WhyDue, judge_age
from rotation_parts import FRIEND, NOON, OLD
from strategies import ED25519, RSA_1024

YEAR = timedelta(days=365)


def judge(value: str, age: timedelta = YEAR) -> WhyDue | None:
    due = judge_age(AgedKey(FRIEND, "dkim", value, NOON - age), NOON)
    return None if due is None else due.why


@pytest.mark.parametrize(
    ("bits", "why"), [(1024, WhyDue.SHORT), (2040, WhyDue.SHORT), (2048, None), (3072, None)]
)
def test_a_young_key_is_due_below_2048_bits(bits: int, why: WhyDue | None) -> None:
    for _ in range(2):
        assert judge(f"v=DKIM1;k=rsa;p={DkimPair.make('dkim', bits).public}") is why


def test_a_short_key_is_not_taken_for_a_long_one_by_another_tag() -> None:
    _, _, key = OLD.record.text.partition("p=")
    assert judge(f"v=DKIM1;k=rsa;p={RSA_1024};n=p={key}") is WhyDue.SHORT


def test_a_key_is_old_when_a_year_is_over() -> None:
    more = YEAR + timedelta(microseconds=1)
    for value in (OLD.record.text, f"v=DKIM1;k=ed25519;p={ED25519}"):
        assert judge(value) is None
        assert judge(value, more) is WhyDue.OLD
