"""What was known of a domain: kept with its request, and followed where the mail server changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.requests.backend import MailHosting
from bot.requests.control_proof import Control, ControlKind
from bot.requests.evidence import (
    Comparison,
    Evidence,
    LightSeen,
    dump_evidence,
    follow_control,
    follow_hosting,
    follow_look,
    load_evidence,
    note_live,
    renew_evidence,
    take_evidence,
)
from bot.requests.model import RequestKind
from zone_reports import ALIASES, DMARC, MX, report_on

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
OFF = MailHosting.OFF
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


FULL = replace(
    KNOWN,
    lights=(LightSeen("server", Status.PASS), LightSeen("dkim", Status.INFO, wanted=True)),
    compared=Comparison(Status.FAIL, ("10 mx1.cow.example.",), ("`@everyone`",), "@"),
    asks=RequestKind.DMARC,
    live_at=LATER,
    control=Control(ControlKind.MX, NOON),
)


def test_all_that_a_card_needs_is_kept() -> None:
    assert load_evidence(dump_evidence(FULL)) == FULL


def test_what_an_earlier_version_left_out_is_left_out() -> None:
    raw = json.loads(dump_evidence(FULL))
    kept = {name: raw[name] for name in ("at", "checks", "hosting", "told_at")}
    assert load_evidence(json.dumps(kept)) == KNOWN


@pytest.mark.parametrize("kind", RequestKind)
def test_what_is_kept_of_a_zone_is_bounded(kind: RequestKind) -> None:
    texts = tuple("x" * 60_000 for _ in range(50))
    report = report_on(MX)
    results = tuple(replace(r, found=texts, expected=texts) for r in report.results)
    seen = take_evidence(kind, replace(report, results=results), MailHosting.ON, name="a" * 5000)
    assert seen.compared is not None
    assert len(dump_evidence(seen)) < 8_000
    assert load_evidence(dump_evidence(seen)) == seen


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (RequestKind.DKIM, ()),
        (RequestKind.DMARC, ("v=DMARC1; p=reject; rua=mailto:dmarc@cow.example",)),
        (RequestKind.MAILDOMAIN, ("10 mx1.cow.example.",)),
        (RequestKind.WEBMAIL, ("mx1.cow.example.",)),
    ],
)
def test_each_kind_keeps_what_was_found_of_its_own_record(
    kind: RequestKind, found: tuple[str, ...]
) -> None:
    seen = take_evidence(kind, report_on(MX + DMARC + ALIASES), MailHosting.ON)
    assert seen.compared is not None
    assert seen.compared.found == found


def test_the_light_of_the_mail_server_follows_what_it_says() -> None:
    gone = load_evidence(follow_hosting(dump_evidence(FULL), MailHosting.ABSENT, LATER))
    assert gone is not None
    assert gone.lights == (LightSeen("server", Status.FAIL), FULL.lights[1])
    back = load_evidence(follow_hosting(dump_evidence(gone), MailHosting.ON, LATER))
    assert back is not None
    assert back.lights == FULL.lights


def test_a_fresh_look_takes_the_place_of_the_one_before() -> None:
    before = replace(KNOWN, control=Control(ControlKind.PROVEN, NOON), told_at=NOON)
    fresh = Evidence(LATER, ((Check.MX, Status.FAIL),))
    renewed = load_evidence(renew_evidence(dump_evidence(before), fresh))
    assert renewed == replace(before, at=LATER, checks=fresh.checks)
    moved = load_evidence(renew_evidence(dump_evidence(before), replace(fresh, hosting=OFF)))
    assert moved is not None
    assert (moved.hosting, moved.told_at) == (OFF, LATER)
    assert load_evidence(renew_evidence("", fresh)) == fresh


def test_a_look_that_sees_the_same_changes_nothing() -> None:
    text = dump_evidence(FULL)
    assert follow_look(text, None) == text
    assert follow_look(text, replace(FULL, at=LATER, live_at=None)) != text
    assert follow_look(text, replace(FULL, at=LATER)) == text
    assert load_evidence(follow_look("", FULL)) == FULL


def test_what_is_live_forgets_what_was_seen_before() -> None:
    live = load_evidence(note_live(dump_evidence(FULL), None, LATER))
    assert live == Evidence(LATER, (), KNOWN.hosting, live_at=LATER, control=FULL.control)
    assert load_evidence(note_live("", None, LATER)) == Evidence(LATER, (), live_at=LATER)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"at": 5}', '["spf: pass"]'])
def test_what_cannot_be_read_stays_as_it_is(text: str) -> None:
    assert load_evidence(text) is None
    assert follow_hosting(text, MailHosting.ABSENT, LATER) == text
    assert follow_control(text, Control()) == text
