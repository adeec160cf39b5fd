"""What `history` prints: lanes of signs, what changed, and the same as JSON."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from bot.checks.finding import Check
from bot.console.history_json import history_as_json
from bot.console.history_page import show_history
from bot.words import Words
from domain_pasts import FRIEND, NO_MX, OUR_MX, Past, ago, first_look, state

WORDS = Words()


def printed(past: Past, *, width: int = 100, days_silent: float = 0) -> str:
    text = io.StringIO()
    console = Console(file=text, width=width, markup=False, emoji=False, highlight=False)
    show_history(console, past.fold(known_at=ago(days_silent)), WORDS)
    return text.getvalue()


def lane(text: str, name: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
    return line.removeprefix(name).strip()


def broken_lately() -> Past:
    return first_look(ago(90)).look(ago(30), NO_MX)


def test_each_check_is_a_lane_whose_signs_are_explained() -> None:
    text = printed(broken_lately())
    assert lane(text, "MX") == "=" * 40 + "x" * 20
    assert lane(text, "SPF") == "=" * 60
    assert lane(text, "DKIM") == "-" * 60
    assert "= right   - right, with a note   x broken" in text
    assert "24 Aug 2026" in text
    assert text.startswith("✗ friend.example: broken")


def test_what_changed_is_told_with_its_day() -> None:
    text = printed(broken_lately())
    assert "23 Oct 2026: MX went from right to broken. 10 mx1.cow.example is gone." in text


def test_since_looks_found_nothing_out_the_signs_say_that_nobody_knows() -> None:
    text = printed(first_look(ago(60)), days_silent=30, width=200)
    assert lane(text, "MX") == "=" * 30 + "?" * 30
    assert "? not known" in text
    assert "nobody knows how it is now" in text


@pytest.mark.parametrize("width", [20, 40, 79, 300])
def test_lanes_fit_into_every_terminal(width: int) -> None:
    text = printed(broken_lately(), width=width)
    lanes = [line for line in text.splitlines() if "====" in line]
    assert len(lanes) == 4
    assert all(len(line) <= max(width, 30) for line in lanes)


def test_hostile_records_drive_no_terminal() -> None:
    seen = state("fail", "a\x1b[2J\u202eb", "[red]x[/red] :smile:", code="x")
    past = broken_lately().look(ago(3), {Check.SPF: seen})
    text = printed(past)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]x[/red] :smile:" in text
    assert history_as_json(FRIEND, past.fold(), WORDS).isascii()


def test_json_says_since_when_every_period_and_what_changed() -> None:
    past = broken_lately()
    past.look(ago(10), {Check.MX: state("pass", OUR_MX)}, ("ns1.b.example.",))
    row = json.loads(history_as_json(FRIEND, past.fold(), WORDS))
    assert row["schema"] == 1
    assert (row["domain"], row["status"], row["cut"]) == ("friend.example", "info", False)
    assert (row["from"], row["to"]) == ("2026-08-24T12:00:00Z", "2026-11-22T12:00:00Z")
    assert row["checks"]["mx"] == {
        "status": "pass",
        "since": "2026-11-12T12:00:00Z",
        "before": "fail",
        "periods": [
            {
                "from": "2026-08-24T12:00:00Z",
                "to": "2026-10-23T12:00:00Z",
                "status": "pass",
                "codes": [],
            },
            {
                "from": "2026-10-23T12:00:00Z",
                "to": "2026-11-12T12:00:00Z",
                "status": "fail",
                "codes": ["mx-missing"],
            },
            {
                "from": "2026-11-12T12:00:00Z",
                "to": "2026-11-22T12:00:00Z",
                "status": "pass",
                "codes": [],
            },
        ],
    }
    latest = row["changes"][0]
    assert latest["at"] == "2026-11-12T12:00:00Z"
    assert latest["checks"]["mx"]["after"] == {"status": "pass", "codes": [], "found": [OUR_MX]}
    assert latest["name_servers"] == {"before": ["ns1.a.example."], "after": ["ns1.b.example."]}
    assert "MX went from broken to right. 10 mx1.cow.example is new." in latest["messages"]


def test_json_of_a_domain_without_a_history_has_the_same_keys() -> None:
    nothing = json.loads(history_as_json(FRIEND, None, WORDS))
    something = json.loads(history_as_json(FRIEND, broken_lately().fold(), WORDS))
    assert nothing.keys() == something.keys()
    assert nothing["status"] is None
