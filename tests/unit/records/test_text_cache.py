"""What is kept of parsed texts: bounded by their size, whatever they parse into."""

from __future__ import annotations

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from bot.checks.dkim.text import read_tags
from bot.checks.dmarc.record import parse_record
from bot.checks.spf.merge import terms_in_order
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import terms_of
from bot.checks.spf.texts import sort_texts
from bot.records.text_cache import MOST_KEPT, TextCache
from hostile_texts import counted, filled

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 4_096  # characters of a text that is judged
MOST_OCTETS = 4_000_000  # of one cache


def test_a_text_that_is_kept_is_not_parsed_again() -> None:
    parsed: list[str] = []

    def parse(text: str) -> int:
        parsed.append(text)
        return len(text)

    cache = TextCache(parse)
    assert [cache("one"), cache("four"), cache("one")] == [3, 4, 3]
    assert parsed == ["one", "four"]


def test_the_texts_that_were_used_last_are_kept() -> None:
    cache = TextCache(len)
    for number in range(200):
        cache(f"{number:04}" * 250)
        cache("often used")
    assert cache.texts[-1] == "often used"
    assert cache.texts[-2].startswith("0199")
    assert sum(map(len, cache.texts)) <= MOST_KEPT
    assert len(cache.texts) > 20


def test_short_texts_do_not_pile_up() -> None:
    cache = TextCache(len)
    for number in range(10_000):
        cache(str(number))
    assert len(cache.texts) < 1_000


def test_texts_that_two_threads_parse_at_once_count_once() -> None:
    both = Barrier(2, timeout=10)

    def parse(text: str) -> int:
        if text.startswith("met"):
            both.wait()
        return len(text)

    cache = TextCache(parse)
    texts = [f"met {number}".ljust(2_000) for number in range(20)]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: list(map(cache, texts)), range(2))) == [[2_000] * 20] * 2
    for number in range(200):
        cache(str(number))
    assert len(cache.texts) >= 200


def test_a_text_longer_than_all_that_is_kept_leaves_nothing_else() -> None:
    cache = TextCache(len)
    cache("short")
    assert cache("x" * (MOST_KEPT + 1)) == MOST_KEPT + 1
    assert len(cache.texts) == 1


@pytest.mark.parametrize(
    ("parse", "beginning", "word"),
    [
        (parse_record, b"v=DMARC1;p=none;", b"a%d=;"),
        (parse_record, b"v=DMARC1;p=none;", b"%d;"),
        (
            lambda text: getattr(parse_record(text), "addresses")("rua"),  # noqa: B009 - a record
            b"v=DMARC1;p=none;rua=",
            b"mailto:a@%d.b,",
        ),
        (terms_of, b"v=spf1 ", b"a:%d "),
        (terms_in_order, b"v=spf1 ", b"a:%d "),
        (read, b"v=spf1 ", b"%d "),
        (lambda text: sort_texts([text.encode()]), b"v=spf1 ", b"a%d=b "),
        (read_tags, b"v=DKIM1;", b"a%d=;"),
    ],
    ids=["tags", "parts", "addresses", "terms", "terms in order", "readings", "texts", "key tags"],
)
def test_many_of_the_worst_texts_take_a_few_megabytes_for_ever(
    parse: Callable[[str], object], beginning: bytes, word: bytes
) -> None:
    texts = [counted(beginning, word, LONGEST, 7 * n).decode() for n in range(12)]
    texts += [filled(beginning + b"%d " % n, b"a ", LONGEST).decode() for n in range(12)]
    gc.collect()
    tracemalloc.start()
    try:
        for text in texts:
            parse(text)
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < MOST_OCTETS
