"""What the console prints: 80 columns, words beside colours, nothing raw from a zone."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name
import pytest
from rich.cells import cell_len

from bot.checks.compile import add_meant
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status
from bot.checks.report import CheckResult, Report
from bot.console.options import Format
from bot.console.records_page import show_records
from bot.console.report_page import show_line, show_report
from bot.console.settings_page import show_settings
from bot.console.terminal import make_console
from bot.names import Domain, MailAddress
from bot.records.client_settings import client_settings
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.records.presentation import quoted_parts
from bot.words import Words
from max_wait import MAX_WAIT
from strategies import KEY_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from bot.records.expected import Expected

    Screen = Callable[[Callable[[Console], None]], list[str]]

WIDTH = 80
WORDS = Words()
ZONE = dns.name.from_text("friend.example.")
HOSTILE = "\x1b[31m\x1b]0;owned\x07\x9b31m\u202e{{7*7}} [bold]x[/bold] :smile: `x`\r\n\t\u200b"
LONG_HOST = ".".join(("m" * 63, "x" * 63, "cow", "example"))
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    about="A private mail server in Norway. " * 5,
    webmail_url="https://mx1.cow.example/SOGo/",
    password_url="https://mx1.cow.example/",
    admin_contact="@admin or admin@cow.example",
)
LONG_SERVER = dataclasses.replace(
    SERVER,
    host=dns.name.from_text(LONG_HOST),
    webmail_url=f"https://{LONG_HOST}/SOGo/",
    password_url=f"https://{LONG_HOST}/",
    webmail_label="w" * 63,
    dkim_selector=f"{'s' * 63}.{'t' * 30}",
)


@pytest.fixture
def screen() -> Screen:
    """Return the lines that a call prints on a terminal of 80 columns without colours."""

    def show(call: Callable[[Console], None]) -> list[str]:
        console = make_console()
        console.file = io.StringIO()
        console.width = WIDTH
        call(console)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue().splitlines()

    return show


def fix(action: FixAction, value: str, **more: str | int | dns.name.Name) -> Fix:
    return Fix(action, ZONE, "TXT", value, **more)  # type: ignore[arg-type]  # fields by name


def report(*findings: Finding, results: tuple[CheckResult, ...] = (), domain: str = "") -> Report:
    return Report(
        domain=Domain.from_ascii(domain or "friend.example"),
        zone=ZONE,
        checked_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        results=results or tuple(CheckResult(check, Status.PASS) for check in Check),
        findings=findings,
        queries=27,
        elapsed_ms=143,
    )


def wide(lines: list[str]) -> list[str]:
    return [line for line in lines if cell_len(line) > WIDTH]


SPF = Finding(
    Check.SPF,
    "spf-softfail",
    Status.INFO,
)
STEPS = (
    Finding(
        Check.MX,
        "mx-missing",
        Status.FAIL,
        {"address": "203.0.113.80"},
        (Fix(FixAction.ADD, ZONE, "MX", "mx1.cow.example.", priority=10, ttl=3600),),
    ),
    Finding(
        Check.DKIM,
        "dns-timeout",
        Status.UNKNOWN,
        {"name": "dkim._domainkey.friend.example", "type": "TXT", "dnssec": False, "detail": ""},
    ),
)


def test_numbered_steps_come_first_and_the_rest_follows(screen: Screen) -> None:
    lines = screen(lambda c: show_report(c, report(*STEPS, SPF), SERVER, WORDS))
    text = "\n".join(lines)
    parts = [
        WORDS.label("headings", "steps"),
        " 1. ",
        "mx1.cow.example.",
        " 2. ",
        WORDS.label("headings", "overview"),
        WORDS.label("headings", "other"),
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert " 3. " not in text
    assert lines[0].startswith("✓ friend.example: ")


@pytest.mark.parametrize("show", [show_report, show_line])
def test_which_domain_was_meant_is_asked_before_anything_else(
    screen: Screen, show: Callable[..., None]
) -> None:
    asked = add_meant(report(*STEPS), Domain.from_ascii("freind.example"))
    lines = screen(lambda c: show(c, asked, SERVER, WORDS, explain=True))
    text = " ".join(" ".join(lines).split())
    assert text.count("Did you mean freind.example?") == 1
    assert text.index("Did you mean") < text.index("MX record")
    assert text.index("Did you mean") < text.index("RFC 5321")


def test_a_step_says_each_field_on_a_line_of_its_own(screen: Screen) -> None:
    lines = screen(lambda c: show_report(c, report(*STEPS), SERVER, WORDS))
    at = next(n for n, line in enumerate(lines) if line.split() == ["Name", "@"])
    assert [line.split() for line in lines[at : at + 5]] == [
        ["Name", "@"],
        ["Type", "MX"],
        ["Priority", "10"],
        ["Value", "mx1.cow.example."],
        ["TTL", "3600"],
    ]


def test_a_rename_says_the_old_name_and_a_replacement_the_old_value(screen: Screen) -> None:
    fixes = (
        fix(FixAction.RENAME, "v=DKIM1", old_owner=dns.name.from_text("dkim.friend.example.")),
        fix(FixAction.REPLACE, "new", old="old"),
        fix(FixAction.DELETE, "gone"),
    )
    finding = dataclasses.replace(STEPS[0], fixes=fixes)
    lines = screen(lambda c: show_report(c, report(finding), SERVER, WORDS))
    said = [line.split() for line in lines]
    assert ["Old", "name", "dkim"] in said
    assert ["Old", "value", "old"] in said
    for action in ("rename", "replace", "delete"):
        assert f"    {WORDS.label('actions', action)}" in lines


@pytest.mark.parametrize("status", list(Status))
def test_a_colour_is_never_alone(screen: Screen, status: Status) -> None:
    results = (CheckResult(Check.MX, status),)
    lines = screen(lambda c: show_report(c, report(results=results), SERVER, WORDS))
    icon = WORDS.label("icons", status.value)
    assert lines[0].startswith(f"{icon} friend.example: ")
    assert f"({status.value})" in lines[0] + lines[1]
    assert any(line.split()[:3] == ["MX", icon, status.value] for line in lines)
    icons = {WORDS.label("icons", one.value) for one in Status}
    assert len(icons) == len(Status)


def test_no_line_is_wider_than_the_screen_but_what_is_to_be_copied(screen: Screen) -> None:
    long = "v=DKIM1; p=" + "A" * 4000
    domain = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.friend.example"
    results = tuple(
        CheckResult(check, Status.FAIL, (long, long), (long, domain), Note("blocked"))
        for check in Check
    )
    fixes = (fix(FixAction.REPLACE, long, old=long + "B"),)
    finding = dataclasses.replace(STEPS[0], fixes=fixes)
    shown = report(finding, *STEPS, SPF, results=results, domain=domain)
    for show in (show_report, show_line):
        lines = screen(partial(show, report=shown, server=LONG_SERVER, words=WORDS))
        assert [line.split(None, 1)[1].removeprefix("value ").strip() for line in wide(lines)] == [
            long + "B",
            long,
        ]


@pytest.mark.parametrize("server", [SERVER, LONG_SERVER], ids=["usual", "long names"])
@pytest.mark.parametrize("key", [True, False], ids=["key", "no key"])
def test_the_records_fit_the_screen_but_for_values_to_be_copied(
    screen: Screen, server: MailServer, key: bool
) -> None:
    expected = expected_of(server, key=key)
    lines = screen(lambda c: show_records(c, expected, Format.TABLE, WORDS))
    values = {
        text for record in expected.records for text in (record.value, quoted_parts(record.value))
    }
    assert [line for line in wide(lines) if line not in values] == []
    squeezed = "".join("".join(lines).split())
    for record in expected.records:
        # Each value is in one piece, and each name and TTL is there to the last character.
        assert any(record.value in line for line in lines)
        assert record.owner.relativize(expected.domain.name).to_text() in squeezed
    assert sum(line.count(str(server.record_ttl)) for line in lines) == len(expected.records)


def expected_of(server: MailServer, *, key: bool) -> Expected:
    known = KnownKey(server.dkim_selector, DkimRecord.parse(KEY_VALUES[0]), "--dkim")
    return expect(server, Domain.from_ascii("friend.example"), known if key else KeyUnknown())


@pytest.mark.parametrize("server", [SERVER, LONG_SERVER], ids=["usual", "long names"])
def test_the_settings_fit_the_screen(screen: Screen, server: MailServer) -> None:
    who = MailAddress.parse(f"{'a' * 64}@{'b' * 63}.friend.example")
    settings = client_settings(server, who)
    lines = screen(lambda c: show_settings(c, settings, WORDS))
    assert wide(lines) == []
    squeezed = "".join("".join(lines).split())
    assert settings.user_name in squeezed
    assert settings.webmail_url in squeezed


def is_clean(lines: list[str]) -> bool:
    return all(unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"} for c in "".join(lines))


def test_what_a_zone_holds_reaches_no_terminal_raw(screen: Screen) -> None:
    owner = dns.name.Name((b"\x1b[31m\x9b", b"friend", b"example", b""))
    fixes = (
        Fix(FixAction.RENAME, owner, HOSTILE, HOSTILE, old=HOSTILE, old_owner=owner),
        fix(FixAction.DELETE, HOSTILE),
    )
    facts = {"address": HOSTILE}
    finding = Finding(Check.MX, "mx-missing", Status.FAIL, facts, fixes)
    note = Note("spf-written-differently", {"term": HOSTILE})
    results = (CheckResult(Check.MX, Status.FAIL, (HOSTILE,), (HOSTILE, HOSTILE), note),)
    shown = report(finding, results=results)
    for call in (
        lambda c: show_report(c, shown, SERVER, WORDS),
        lambda c: show_line(c, shown, SERVER, WORDS),
    ):
        lines = screen(call)
        assert is_clean(lines)
        # It is shown as what it is: no template, no markup, no emoji of it is used.
        joined = "".join("".join(lines).split())
        assert "{{7*7}}[bold]x[/bold]:smile:" in joined


def test_hostile_settings_reach_no_terminal_raw(screen: Screen) -> None:
    server = dataclasses.replace(
        SERVER, name=HOSTILE, about=HOSTILE, admin_contact=HOSTILE, webmail_url=HOSTILE
    )
    assert is_clean(screen(lambda c: show_settings(c, client_settings(server, None), WORDS)))
    expected = expected_of(server, key=False)
    assert is_clean(screen(lambda c: show_records(c, expected, Format.TABLE, WORDS)))


SHOW = """
from rich.text import Text
from bot.console.progress_bar import ProgressBar
from bot.console.terminal import make_console
console = make_console()
with ProgressBar(2, console) as bar:
    bar.advance()
    console.print(Text("word", style="bold red"))
    console.print("dim", style="dim")
"""


def shown_by_a_process(*, terminal: bool, **environment: str) -> bytes:
    """Return what a console prints into a pipe or on a terminal of its own."""
    ours, theirs = os.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "TERM": "xterm", **environment},
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 4096):
            output += chunk
    except OSError:  # how a terminal says that its other side has gone
        pass
    finally:
        os.close(ours)
    assert process.communicate(timeout=MAX_WAIT)[1] == b""
    return output


def test_a_terminal_gets_colours() -> None:
    assert b"\x1b[1;31mword" in shown_by_a_process(terminal=True)


def test_no_colour_is_used_where_none_is_wanted() -> None:
    output = shown_by_a_process(terminal=True, NO_COLOR="1")
    assert b"word" in output
    assert not re.search(rb"\x1b\[[0-9;]*m", output)


def test_a_pipe_gets_no_escape_sequences() -> None:
    assert shown_by_a_process(terminal=False) == b"word\ndim\n"
