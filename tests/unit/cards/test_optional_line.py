"""The optional records on a card and on the console: said in one line, never a flood."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import discord
import dns.name

from bot.cards.check_card import build_check_card, extras_line
from bot.checks.finding import EXTRAS, Check, Finding, Status
from bot.checks.report import CheckResult, Report, is_all_right
from bot.console.report_page import show_report
from bot.console.terminal import make_console
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.services.member_service import KeptCheck
from bot.services.plan.step import Plan
from bot.words import Medium, Words

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)


def gap(check: Check) -> Finding:
    return Finding(check, "optional-missing", Status.INFO, {"what": check.value, "names": ()})


def report(*findings: Finding, worse: dict[Check, Status] | None = None) -> Report:
    statuses = {finding.check: finding.severity for finding in findings} | (worse or {})
    return Report(
        domain=Domain.from_ascii("friend.example"),
        zone=dns.name.from_text("friend.example."),
        checked_at=datetime(2026, 11, 23, tzinfo=UTC),
        results=tuple(CheckResult(check, statuses.get(check, Status.PASS)) for check in Check),
        findings=findings,
        queries=31,
        elapsed_ms=80,
    )


NOTHING_THERE = report(*(gap(check) for check in Check if check in EXTRAS))
BLOCKS = Finding(
    Check.CAA,
    "caa-blocks",
    Status.WARN,
    {
        "issuer": "letsencrypt.org",
        "names": ("autoconfig.friend.example",),
        "at": "friend.example",
        "allowed": ("ca.example",),
        "critical": "",
    },
)


def on_card(shown: Report) -> str:
    view = build_check_card(KeptCheck(7, shown), Plan((), ()), SERVER, WORDS, ITEMS).view
    items = view.walk_children()
    return "\n".join(item.content for item in items if isinstance(item, discord.ui.TextDisplay))


def on_console(shown: Report) -> str:
    console = make_console()
    console.file = io.StringIO()
    console.width = 100
    show_report(console, shown, SERVER, Words())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_six_records_that_are_not_there_take_one_line() -> None:
    line = extras_line(NOTHING_THERE, WORDS)
    assert "\n" not in line
    for text in (on_card(NOTHING_THERE), on_console(NOTHING_THERE)):
        lines = [line for line in text.splitlines() if "TLS-RPT" in line]
        assert len(lines) == 1
        for name in ("SRV", "MTA-STS", "DANE", "DNSSEC", "CAA"):
            assert name in lines[0]
        assert "reports failed encryption" not in text


def test_a_domain_that_lacks_only_these_is_said_to_be_right() -> None:
    assert is_all_right(NOTHING_THERE)
    right = WORDS.label("summaries", "all_right")
    assert right in on_card(NOTHING_THERE)
    assert on_console(NOTHING_THERE).startswith(f"✓ friend.example: {right} (info)")
    usual = report(gap(Check.SRV), worse={Check.WEBMAIL: Status.INFO})
    assert not is_all_right(usual)
    assert right not in on_card(usual)


def test_what_is_at_risk_is_a_step_and_has_its_mark_in_the_line() -> None:
    shown = report(BLOCKS, gap(Check.SRV))
    assert not is_all_right(shown)
    card = on_card(shown)
    assert "letsencrypt.org" in card
    assert f"{WORDS.label('marks', 'warn')} CAA" in extras_line(shown, WORDS)
    assert extras_line(shown, WORDS).endswith(f"{WORDS.label('headings', 'gaps')}: SRV")


def test_all_of_them_right_are_marked_so() -> None:
    line = extras_line(report(), WORDS)
    assert line.count(WORDS.label("marks", "pass")) == 1
    assert WORDS.label("headings", "gaps") not in line
