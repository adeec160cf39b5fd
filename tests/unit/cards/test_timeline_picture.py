"""The timeline: its size, its colours and patterns, its dates, and the words for it."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bot.cards.timeline_axis import find_ticks
from bot.cards.timeline_picture import PICTURE_WIDTH, draw_timeline
from bot.cards.timeline_words import MOST_CHARACTERS_OF_ALT, describe_timeline
from bot.checks.finding import Check, Status
from bot.names import Domain
from bot.words import Words
from domain_pasts import NO_MX, NOW, OUR_MX, Past, ago, first_look, state

if TYPE_CHECKING:
    from pathlib import Path

    from bot.watch.timeline import History

WORDS = Words()
LARGEST = 60_000  # octets of a picture
GROUND = (243, 245, 249)


def draw(history: History, words: Words = WORDS) -> Image.Image:
    return Image.open(io.BytesIO(draw_timeline(history, words))).convert("RGB")


def flapping(times: int) -> Past:
    """Return a past in which MX and SPF are another at each look."""
    past = first_look(ago(399))
    for number in range(times):
        at = ago(398) + timedelta(minutes=60 * number)
        seen = ("fail", "warn", "pass")[number % 3]
        past.look(at, {c: state(seen, f"x{number}") for c in (Check.MX, Check.SPF)})
    return past


def test_the_picture_has_a_ground_of_its_own_and_is_small() -> None:
    png = draw_timeline(first_look(ago(90)).look(ago(30), NO_MX).fold(), WORDS)
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    assert "transparency" not in picture.info
    assert picture.size[0] == PICTURE_WIDTH
    assert len(png) < LARGEST
    shown = picture.convert("RGB")
    assert [shown.getpixel(at) for at in ((0, 0), (PICTURE_WIDTH - 1, 0))] == [GROUND] * 2


def test_each_status_is_another_in_black_and_white_too() -> None:
    bars = []
    for status in Status:
        code = "" if status is Status.PASS else "x"
        past = Past().look(ago(90), {Check.MX: state(status.value, OUR_MX, code=code)})
        picture = draw(past.fold()).convert("1", dither=Image.Dither.NONE)
        bars.append(picture.crop((300, 105, 800, 147)).tobytes())
    assert len(set(bars)) == len(bars)


def test_what_was_broken_for_minutes_is_still_seen() -> None:
    past = first_look(ago(399)).look(ago(200), NO_MX)
    calm = draw(first_look(ago(399)).fold())
    past.look(ago(200) + timedelta(minutes=5), {Check.MX: state("pass", OUR_MX)})
    assert draw(past.fold()).tobytes() != calm.tobytes()


def test_thousands_of_changes_take_no_longer_and_no_more_room() -> None:
    history = flapping(3_000).fold()
    began = time.perf_counter()
    png = draw_timeline(history, WORDS)
    assert time.perf_counter() - began < 5  # seconds; it is a tenth of one on a quiet machine
    assert len(png) < LARGEST
    assert len(describe_timeline(history, WORDS)) <= MOST_CHARACTERS_OF_ALT


def test_a_history_of_a_moment_is_drawn() -> None:
    history = first_look(NOW).fold()
    assert draw(history).size[0] == PICTURE_WIDTH
    assert "all the time" in describe_timeline(history, WORDS)


@pytest.mark.parametrize(
    "name", ["bücher.example", "例え.example", f"{'w' * 63}.{'w' * 63}.{'w' * 63}.example"]
)
def test_a_name_is_drawn_in_its_ascii_form_and_stays_in_the_picture(name: str) -> None:
    past = Past(Domain.parse(name).domain).look(ago(90), NO_MX)
    picture = draw(past.fold())
    assert past.domain.ascii in describe_timeline(past.fold(), WORDS)
    edge = picture.crop((PICTURE_WIDTH - 20, 0, PICTURE_WIDTH, 100))
    assert edge.getcolors() == [(20 * 100, GROUND)]


def test_own_words_that_the_font_cannot_draw_give_way_to_ascii(tmp_path: Path) -> None:
    labels = tmp_path / "en" / "labels.j2"
    labels.parent.mkdir()
    labels.write_text('{% set checks = {"mx": "Почта"} %}{% set legend = {"pass": "верно"} %}')
    history = Past().look(ago(90), {Check.MX: state("pass", OUR_MX)}).fold()
    assert draw(history, Words(own=tmp_path)).size == draw(history).size


def test_the_words_for_the_picture_say_what_it_shows() -> None:
    past = first_look(ago(90)).look(ago(30), NO_MX)
    said = describe_timeline(past.fold(known_at=NOW), WORDS)
    assert said.startswith(
        "Timeline of friend.example from 24 Aug 2026 to 22 Nov 2026, a row for each check."
    )
    assert "MX: right until 23 Oct 2026, broken now." in said
    assert "SPF: right all the time." in said


def test_the_words_count_what_they_do_not_name() -> None:
    said = describe_timeline(flapping(30).fold(), WORDS)
    assert "MX: after 27 earlier spells, " in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0.1, ["22 Nov"]),
        (3, ["20 Nov", "21 Nov", "22 Nov"]),
        (60, ["24 Sep", "8 Oct", "22 Oct", "5 Nov", "19 Nov"]),
        (400, ["Jan", "Apr", "Jul", "Oct"]),
    ],
)
def test_dates_are_few_and_at_the_beginning_of_a_day_or_month(days: float, said: list[str]) -> None:
    ticks = find_ticks(ago(days), NOW)
    shown = [f"{t.at.day} {t.at:%b}" if t.is_day else f"{t.at:%b}" for t in ticks]
    assert shown == said


@pytest.mark.parametrize("days", [*range(0, 401, 7)])
def test_there_are_never_more_than_six_dates(days: int) -> None:
    ticks = find_ticks(ago(days), NOW)
    assert 1 <= len(ticks) <= 6 + 1
    assert all(tick.at.tzinfo is UTC for tick in ticks)
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_a_date_is_a_day_in_utc() -> None:
    (tick, *_) = find_ticks(datetime(2026, 11, 1, 12, tzinfo=UTC), NOW)
    assert tick.at.hour == 0
