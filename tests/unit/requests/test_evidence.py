"""What was known of a domain: kept with its request, and followed where the mail server changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.requests.backend import MailHosting
from bot.requests.control_proof import Control, ControlKind
from bot.requests.evidence import (
    Evidence,
    dump_evidence,
    follow_control,
    follow_hosting,
    load_evidence,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
KNOWN = Evidence(NOON, ((Check.MX, Status.PASS),), MailHosting.ON)


@pytest.mark.parametrize("hosting", MailHosting)
def test_it_is_kept_as_it_is(hosting: MailHosting) -> None:
    evidence = Evidence(NOON, KNOWN.checks, hosting, LATER)
    assert load_evidence(dump_evidence(evidence)) == evidence


@pytest.mark.parametrize(
    ("kept", "hosting"),
    [("true", MailHosting.ON), ("false", MailHosting.ABSENT), ("null", MailHosting.UNKNOWN)],
)
def test_what_an_earlier_version_kept_is_read(kept: str, hosting: MailHosting) -> None:
    text = f'{{"at": "{NOON.isoformat()}", "checks": {{"mx": "pass"}}, "on_server": {kept}}}'
    assert load_evidence(text) == Evidence(NOON, KNOWN.checks, hosting)


def test_it_follows_the_mail_server_and_says_since_when() -> None:
    text = dump_evidence(KNOWN)
    gone = load_evidence(follow_hosting(text, MailHosting.ABSENT, LATER))
    assert gone == Evidence(NOON, KNOWN.checks, MailHosting.ABSENT, LATER)


@pytest.mark.parametrize("hosting", [MailHosting.ON, MailHosting.UNKNOWN])
def test_what_is_no_news_changes_nothing(hosting: MailHosting) -> None:
    text = dump_evidence(KNOWN)
    assert follow_hosting(text, hosting, LATER) == text


@pytest.mark.parametrize("kind", ControlKind)
@pytest.mark.parametrize("since", [None, LATER])
def test_what_shows_control_is_kept_with_it(kind: ControlKind, since: datetime | None) -> None:
    control = Control(kind, since)
    followed = follow_control(dump_evidence(KNOWN), control)
    assert load_evidence(followed) == replace(KNOWN, control=control)
    assert follow_control(followed, control) == followed
    assert load_evidence(follow_hosting(followed, MailHosting.OFF, LATER)) == replace(
        KNOWN, hosting=MailHosting.OFF, told_at=LATER, control=control
    )


def test_a_word_for_control_that_a_later_version_kept_is_left_aside() -> None:
    text = dump_evidence(replace(KNOWN, control=Control(ControlKind.MX, NOON)))
    assert load_evidence(text.replace("mx-only", "by-fax")) == KNOWN


@pytest.mark.parametrize("text", ["", "[]", "{", '{"at": 5}', '["spf: pass"]'])
def test_what_cannot_be_read_stays_as_it_is(text: str) -> None:
    assert load_evidence(text) is None
    assert follow_hosting(text, MailHosting.ABSENT, LATER) == text
    assert follow_control(text, Control()) == text
