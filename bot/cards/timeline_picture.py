"""Draws the history of a domain as a picture: a lane for each check, and the dates below.

Its ground is its own, so that it reads the same on dark and on light. Each status has a pattern of
its own beside its colour, and a sign where there is room for one. Three pixels are one on a phone,
where a picture is some 360 wide.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from bot.cards.timeline_axis import find_ticks
from bot.checks.finding import Status

if TYPE_CHECKING:
    from bot.watch.timeline import History, Lane
    from bot.words import Words

    Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

PICTURE_WIDTH: Final = 1080  # pixels
_EDGE: Final = 36
_LEFT: Final = 262  # where the lanes begin; their names are before it
_RIGHT: Final = PICTURE_WIDTH - _EDGE
_ACROSS: Final = _RIGHT - _LEFT
_HEAD: Final = 93
_ROW: Final = 66
_BAR: Final = 42
_AXIS: Final = 84
_LEGEND_ROW: Final = 50
_SWATCH: Final = 66
_LEAST: Final = 9  # pixels of what is wrong, however short it was
_MARK: Final = 9  # half as wide and high as a mark of other records
_APART: Final = 24  # pixels from one mark to the next
_ROOM_FOR_SIGN: Final = 30
_TITLE, _NAME, _SMALL = 42, 36, 33  # sizes of letters
_LONGEST_TITLE: Final = PICTURE_WIDTH - 2 * _EDGE

_GROUND, _INK, _FAINT, _GRID = "#f3f5f9", "#1f2328", "#59606a", "#d5d9e0"
_COLOURS: Final = {  # of the ground and of the pattern on it
    Status.PASS: ("#3f9d63", "#3f9d63"),
    Status.INFO: ("#cfe9d8", "#2f7a50"),
    Status.UNKNOWN: ("#f3f5f9", "#6b7380"),
    Status.WARN: ("#f6c453", "#8a5a00"),
    Status.FAIL: ("#b3261e", "#f7c9c5"),
}
_SIGNS: Final = {Status.UNKNOWN: "?", Status.WARN: "!", Status.FAIL: "x"}
_STRIPE: Final = 15  # pixels from one line of a pattern to the next


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is drawn on, the history that it shows, and each status as wide as all lanes are."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    history: History
    strips: dict[Status, Image.Image]


def draw_timeline(history: History, words: Words) -> bytes:
    """Return the picture as a PNG; how long it takes does not grow with what is in the history."""
    lanes = history.shown_lanes
    legend = _arrange_legend(history, words)
    height = _HEAD + _ROW * len(lanes) + _AXIS + _LEGEND_ROW * (legend[-1][2] + 1) + _EDGE // 2
    image = Image.new("RGB", (PICTURE_WIDTH, height), _GROUND)
    draw = ImageDraw.Draw(image)
    sheet = _Sheet(image, draw, history, {status: _draw_strip(status) for status in Status})
    title = _fit(history.domain.ascii, _TITLE, _LONGEST_TITLE)
    draw.text((_EDGE, 24), title, _INK, _font(_TITLE))
    _draw_axis(draw, history, words, _HEAD + _ROW * len(lanes))
    for number, lane in enumerate(lanes):
        top = _HEAD + _ROW * number + (_ROW - _BAR) // 2
        name = _drawable(words.label("checks", lane.check.value), lane.check.value.upper())
        shown = _fit(name, _NAME, _LEFT - _EDGE - 12)
        draw.text((_EDGE, top + _BAR // 2), shown, _INK, _font(_NAME), anchor="lm")
        _draw_lane(sheet, lane, top)
    _draw_legend(sheet, legend, _HEAD + _ROW * len(lanes) + _AXIS)
    out = io.BytesIO()
    # Few colours make a small file.
    image.quantize(64, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def _draw_lane(sheet: _Sheet, lane: Lane, top: int) -> None:
    """Draw the periods of a lane, and above them a mark where there were other records."""
    for begin, end, status in _runs(lane, sheet.history):
        sheet.image.paste(sheet.strips[status].crop((begin, 0, end, _BAR)), (_LEFT + begin, top))
        if end - begin >= _ROOM_FOR_SIGN and status in _SIGNS:
            _draw_sign(sheet.draw, (_LEFT + (begin + end) // 2, top + _BAR // 2), status)
    sheet.draw.rectangle((_LEFT, top, _RIGHT - 1, top + _BAR), outline=_FAINT, width=2)
    latest = -_APART
    for at in lane.moved_at:
        x = min(max(_place(at, sheet.history), _MARK), _ACROSS - _MARK - 1)
        if x - latest >= _APART:
            latest = x
            _draw_mark(sheet.draw, _LEFT + x, top - 5)


def _runs(lane: Lane, history: History) -> list[tuple[int, int, Status]]:
    """Return how a lane's pixels stand from left to right, in runs of the same status."""
    pixels = lane.columns(_ACROSS, (history.began_at, history.ended_at), _LEAST)
    runs, begin = [], 0
    for x in range(1, _ACROSS + 1):
        if x == _ACROSS or pixels[x] is not pixels[begin]:
            runs.append((begin, x, pixels[begin]))
            begin = x
    return runs


def _place(at: datetime, history: History) -> int:
    """Return how many pixels from the left a moment is."""
    whole = max(history.ended_at - history.began_at, timedelta(seconds=1))
    share = (at - history.began_at) / whole
    return round(min(max(share, 0.0), 1.0) * _ACROSS)


def _draw_strip(status: Status) -> Image.Image:
    """Return the colour and pattern of a status, as wide as all lanes are."""
    ground, ink = _COLOURS[status]
    strip = Image.new("RGB", (_ACROSS, _BAR), ground)
    draw = ImageDraw.Draw(strip)
    if status is Status.INFO:
        for x in range(0, _ACROSS, _STRIPE):
            for y in range(_STRIPE // 2, _BAR, _STRIPE):
                draw.ellipse((x, y, x + 4, y + 4), fill=ink)
    elif status is Status.UNKNOWN:
        for x in range(0, _ACROSS, _STRIPE):
            draw.line((x, _BAR // 2, x + _STRIPE // 2, _BAR // 2), fill=ink, width=4)
    elif status in {Status.WARN, Status.FAIL}:
        for x in range(-_BAR, _ACROSS, _STRIPE):
            draw.line((x, _BAR, x + _BAR, 0), fill=ink, width=3)
            if status is Status.FAIL:
                draw.line((x, 0, x + _BAR, _BAR), fill=ink, width=3)
    return strip


def _draw_sign(draw: ImageDraw.ImageDraw, middle: tuple[int, int], status: Status) -> None:
    ground, ink = _COLOURS[status]
    x, y = middle
    draw.ellipse((x - 15, y - 17, x + 15, y + 17), fill=ground)
    colour = "#ffffff" if status is Status.FAIL else ink
    draw.text(middle, _SIGNS[status], colour, _font(_NAME), anchor="mm", stroke_width=1)


def _draw_mark(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a triangle that points down, around this point."""
    corners = [(x - _MARK, y - _MARK), (x + _MARK, y - _MARK), (x, y + _MARK)]
    draw.polygon(corners, fill=_INK, outline=_GROUND)


def _draw_axis(draw: ImageDraw.ImageDraw, history: History, words: Words, bottom: int) -> None:
    """Draw a line for each date, with its name below and the year where it is another."""
    year, free_from = None, 0
    for tick in find_ticks(history.began_at, history.ended_at):
        x = _LEFT + _place(tick.at, history)
        draw.line((x, _HEAD, x, bottom + 8), fill=_GRID, width=2)
        month = _drawable(words.label("months", str(tick.at.month)), f"{tick.at.month:02}")
        text = f"{tick.at.day} {month}" if tick.is_day else month
        wide = round(draw.textlength(text, _font(_SMALL)))
        left = min(max(x - wide // 2, _LEFT - 60), _RIGHT - wide)
        if left < free_from:
            continue
        draw.text((left, bottom + 8), text, _INK, _font(_SMALL))
        free_from = left + wide + 18
        if tick.at.year != year:
            year = tick.at.year
            draw.text((left, bottom + 45), str(year), _FAINT, _font(_SMALL))


def _arrange_legend(history: History, words: Words) -> list[tuple[Status | None, str, int, int]]:
    """Return what the legend explains: a status or other records, its name, row and place."""
    seen = {period.status for lane in history.shown_lanes for period in lane.periods}
    entries: list[tuple[Status | None, str]] = [
        (status, _drawable(words.label("legend", status.value), status.value))
        for status in Status
        if status in seen
    ]
    if any(lane.moved_at for lane in history.shown_lanes):
        entries.append((None, _drawable(words.label("legend", "records"), "other records")))
    placed, row, x = [], 0, _EDGE
    for status, name in entries:
        shown = _fit(name, _SMALL, _ACROSS)
        wide = _SWATCH + 12 + round(_font(_SMALL).getlength(shown)) + 42
        if x + wide > PICTURE_WIDTH and x > _EDGE:
            row, x = row + 1, _EDGE
        placed.append((status, shown, row, x))
        x += wide
    return placed


def _draw_legend(
    sheet: _Sheet, legend: list[tuple[Status | None, str, int, int]], top: int
) -> None:
    draw = sheet.draw
    for status, name, row, x in legend:
        y = top + _LEGEND_ROW * row
        if status is None:
            _draw_mark(draw, x + _SWATCH // 2, y + _BAR // 2)
        else:
            sheet.image.paste(sheet.strips[status].crop((0, 0, _SWATCH, _BAR)), (x, y))
            draw.rectangle((x, y, x + _SWATCH, y + _BAR), outline=_FAINT, width=2)
            if status in _SIGNS:
                _draw_sign(draw, (x + _SWATCH // 2, y + _BAR // 2), status)
        draw.text((x + _SWATCH + 12, y + _BAR // 2), name, _INK, _font(_SMALL), anchor="lm")


def _drawable(text: str, other: str) -> str:
    """Return a text if the font has its letters, which are those of ASCII, and else another."""
    return text if text.isascii() and text.isprintable() else other


def _fit(text: str, size: int, most: int) -> str:
    """Return a text that is at most so many pixels wide, its middle left out where it is longer."""
    font = _font(size)
    if font.getlength(text) <= most:
        return text
    kept = len(text)
    while kept > 2:
        kept -= 2
        shown = f"{text[: kept // 2]}...{text[-(kept // 2) :]}"
        if font.getlength(shown) <= most:
            return shown
    return text[:1]


@cache
def _font(size: int) -> Font:
    """Return the font that comes with the library: it has the letters of ASCII."""
    return ImageFont.load_default(size)
