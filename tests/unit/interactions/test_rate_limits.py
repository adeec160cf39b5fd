"""How often members may do what costs others something."""

from __future__ import annotations

from bot.interactions.rate_limits import CHECKS_A_MINUTE, Cooldown, RateLimits

ANN, BEN = 1, 2


def test_cooldown_lets_each_member_do_a_thing_so_often_in_a_time() -> None:
    time = 100.0
    cooldown = Cooldown(2, 60.0, lambda: time)
    assert cooldown.take(ANN) == 0
    time += 10
    assert cooldown.take(ANN) == 0
    assert cooldown.take(ANN) == 50
    assert cooldown.take(BEN) == 0
    time += 49.5
    assert cooldown.take(ANN) == 0.5
    time += 0.5
    assert cooldown.take(ANN) == 0
    assert cooldown.take(ANN) == 10


def test_cooldown_forgets_who_has_been_quiet() -> None:
    time = 100.0
    cooldown = Cooldown(2, 60.0, lambda: time)
    for member in range(1000):
        cooldown.take(member)
        time += 1
    assert len(cooldown._times) <= 61


def test_a_member_may_check_so_often_a_minute() -> None:
    limits = RateLimits()
    assert [limits.checks.take(ANN) for _ in range(CHECKS_A_MINUTE)] == [0] * CHECKS_A_MINUTE
    assert 0 < limits.checks.take(ANN) <= 60


def test_a_card_is_shared_once_until_it_was_not_after_all() -> None:
    limits = RateLimits()
    assert limits.take_share(7)
    assert not limits.take_share(7)
    assert limits.take_share(8)
    limits.end_share(7, done=False)
    assert limits.take_share(7)
    limits.end_share(7, done=True)
    assert not limits.take_share(7)
