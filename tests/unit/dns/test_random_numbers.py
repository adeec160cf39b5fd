"""The numbers for ids and sockets: each from the operating system, each used once."""

from __future__ import annotations

from bot.dns.random_numbers import RandomNumbers


def test_numbers_are_of_sixteen_bits_and_no_block_comes_twice() -> None:
    numbers = RandomNumbers()
    drawn = [numbers.draw() for _ in range(10_000)]
    assert all(0 <= number <= 0xFFFF for number in drawn)
    # Each bit is set in half of them, but for one time in billions; the odds are the same for
    # how many different ones there are of the 65,536.
    for bit in range(16):
        assert 4_700 < sum(number >> bit & 1 for number in drawn) < 5_300
    assert len(set(drawn)) > 9_000


def test_two_sources_give_different_numbers() -> None:
    first, second = RandomNumbers(), RandomNumbers()
    assert [first.draw() for _ in range(8)] != [second.draw() for _ in range(8)]
