"""Which requests go to an admin, and what those who ask for anything else are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status
from bot.dns.answer import Outcome
from bot.names import Domain
from bot.net.certificate import Certificate
from bot.records.dkim_key import KeyUnknown, NoKeyYet
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, Plan, PlanFacts, Step, StepState
from bot.services.triage import QUEUED, Ruling, Triage, triage
from bot.words import shipped_templates
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    HOST,
    KEY,
    MX,
    NOW,
    SERVER,
    SPF,
    compiled,
    look,
    report_on,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.report import Report
    from bot.records.dkim_key import DkimKnowledge

K, H = RequestKind, MailHosting
READY = MX + SPF + DKIM
NONE = '_dmarc.friend.example TXT "v=DMARC1; p=none; rua=mailto:dmarc@cow.example"\n'
FOREIGN = "mail.friend.example CNAME other.example.\n"


def plan_of(
    report: Report,
    hosting: MailHosting = H.ON,
    dkim: DkimKnowledge = KEY,
    *,
    stage: str | None = None,
    asked: frozenset[RequestKind] = frozenset(),
) -> Plan:
    facts = PlanFacts(hosting=hosting, asked=asked, can_ask=True)
    return make_plan(expect(SERVER, report.domain, dkim, stage), report, facts)


def judge(
    kind: RequestKind,
    zone: str,
    hosting: MailHosting = H.ON,
    dkim: DkimKnowledge = KEY,
    *,
    certificate: Certificate | None = None,
    asked: frozenset[RequestKind] = frozenset(),
) -> Triage:
    """Return what becomes of a request for a domain with this zone."""
    report = report_on(zone, dkim=dkim)
    plan = plan_of(report, hosting, dkim, asked=asked)
    return triage(kind, report, plan, hosting, certificate=certificate)


@pytest.mark.parametrize(
    ("kind", "zone", "hosting", "dkim", "code"),
    [
        # What is right already.
        (K.MAILDOMAIN, "", H.ON, KEY, "right-maildomain"),
        (K.DKIM, READY, H.ON, KEY, "right-dkim"),
        (K.DMARC, READY + DMARC, H.ON, KEY, "right-dmarc"),
        # What the member can do without an admin.
        (K.DKIM, MX + SPF, H.ON, KEY, "key-known"),
        (K.DMARC, READY, H.ON, KEY, "dmarc-on-card"),
        (K.DMARC, MX + DKIM + NONE, H.ON, KEY, "dmarc-too-early"),
        (K.DMARC, MX + SPF + NONE, H.ON, KEY, "dmarc-too-early"),
        (K.DMARC, SPF + DKIM + NONE, H.ON, KEY, "dmarc-too-early"),
        (K.DMARC, MX + SPF + NONE, H.ON, NoKeyYet(), "dmarc-too-early"),
        # What has to come first.
        (K.DKIM, READY, H.ABSENT, KeyUnknown(), "not-on-server"),
        (K.DMARC, MX + SPF + NONE, H.ABSENT, KeyUnknown(), "not-on-server"),
        (K.WEBMAIL, ALIASES, H.ABSENT, KeyUnknown(), "not-on-server"),
        (K.WEBMAIL, MX, H.ON, KEY, "alias-missing"),
        (K.WEBMAIL, MX + FOREIGN, H.ON, KEY, "alias-elsewhere"),
        # What an admin can act on.
        (K.MAILDOMAIN, "", H.ABSENT, KeyUnknown(), ""),
        (K.MAILDOMAIN, MX, H.OFF, KeyUnknown(), ""),
        (K.MAILDOMAIN, READY + DMARC, H.UNKNOWN, KEY, ""),
        (K.DKIM, "", H.ON, NoKeyYet(), ""),
        (K.DKIM, MX + SPF, H.UNKNOWN, KeyUnknown(), ""),
        (K.DKIM, READY, H.ON, KeyUnknown(), ""),  # a key that nobody can compare
        (K.DKIM, MX, H.OFF, NoKeyYet(), ""),
        (K.DMARC, READY + NONE, H.ON, KEY, ""),
        (K.WEBMAIL, ALIASES, H.ON, KEY, ""),
    ],
)
def test_a_request_goes_to_an_admin_or_is_answered(
    kind: RequestKind, zone: str, hosting: MailHosting, dkim: DkimKnowledge, code: str
) -> None:
    ruled = judge(kind, zone, hosting, dkim)
    assert ruled.code == code
    assert ruled.is_queued is not bool(code)


@pytest.mark.parametrize("kind", RequestKind)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gmail.com", "request-domain-of-provider"),
        ("mail.proton.me", "request-domain-of-provider"),
        ("co.uk", "request-domain-is-suffix"),
        ("dkim-factory.invalid", "request-domain-is-nobodys"),
        ("duckdns.org", "request-domain-is-suffix"),
    ],
)
def test_nobody_can_ask_for_what_is_no_members(kind: RequestKind, name: str, code: str) -> None:
    domain = Domain.from_ascii(name)
    report = report_on(MX)
    plan = plan_of(report, H.ABSENT)
    ruled = triage(kind, replace(report, domain=domain), plan, H.ABSENT)
    assert (ruled.ruling, ruled.code) == (Ruling.NEVER, code)
    assert ruled.bars_approval


@pytest.mark.parametrize("kind", RequestKind)
def test_a_domain_that_is_not_there_comes_first_to_be_registered(kind: RequestKind) -> None:
    report = compiled(look(world=HOST + '_spf.cow.example TXT "v=spf1 -all"\n'))
    ruled = triage(kind, report, plan_of(report, H.ABSENT), H.ABSENT)
    assert ruled.code == "no-domain"
    assert ruled.bars_approval


@pytest.mark.parametrize("kind", RequestKind)
def test_what_nobody_answers_for_is_no_reason_to_refuse(kind: RequestKind) -> None:
    report = compiled(look(READY, failing={"friend.example": Outcome.TIMEOUT}))
    assert report.status is Status.UNKNOWN
    plan = plan_of(report, H.UNKNOWN)
    assert triage(kind, report, plan, H.UNKNOWN) == QUEUED


def test_an_alias_that_is_covered_already_is_said_to_be() -> None:
    ruled = judge(K.WEBMAIL, ALIASES, certificate=Certificate.COVERS)
    assert (ruled.ruling, ruled.code) == (Ruling.DONE, "right-webmail")


@pytest.mark.parametrize("seen", [c for c in Certificate if c is not Certificate.COVERS])
def test_an_alias_that_no_certificate_covers_is_for_an_admin(seen: Certificate) -> None:
    assert judge(K.WEBMAIL, ALIASES, certificate=seen) == QUEUED


def test_what_comes_first_can_be_asked_for_unless_it_is() -> None:
    ruled = judge(K.DKIM, MX, H.ABSENT, KeyUnknown())
    assert ruled.asks is K.MAILDOMAIN
    assert ruled.facts["server"] == "next"
    asked = judge(K.DKIM, MX, H.ABSENT, KeyUnknown(), asked=frozenset({K.MAILDOMAIN}))
    assert asked.asks is None
    assert asked.facts["server"] == "waiting-admin"


def test_a_domain_that_moves_has_something_to_do_before_it_is_added() -> None:
    ruled = judge(K.DKIM, "friend.example MX 10 other.example.\n", H.ABSENT, KeyUnknown())
    assert (ruled.code, ruled.asks, ruled.facts["server"]) == ("not-on-server", None, "later")
    assert ruled.leads_to_check


def test_dmarc_names_the_records_that_it_waits_for() -> None:
    assert judge(K.DMARC, SPF + NONE).facts["missing"] == ("mx", "dkim")


def test_dmarc_that_waits_for_a_key_offers_to_ask_for_that() -> None:
    assert judge(K.DMARC, MX + SPF + NONE, H.ON, NoKeyYet()).asks is K.DKIM


def test_a_stage_that_is_approved_has_only_to_be_published() -> None:
    report = report_on(READY + NONE)
    plan = plan_of(report, stage="quarantine")
    assert triage(K.DMARC, report, plan, H.ON).code == "dmarc-on-card"


@pytest.mark.parametrize("until", [None, NOW])
@pytest.mark.parametrize(
    ("kind", "part", "code"),
    [(K.DKIM, Part.DKIM, "key-waits"), (K.DMARC, Part.REJECT, "dmarc-waits")],
)
def test_what_is_typed_already_has_only_to_be_waited_for(
    kind: RequestKind, part: Part, code: str, until: datetime | None
) -> None:
    key = Step((Part.DKIM_KEY,), StepState.DONE)
    waits = Step((part,), StepState.WAITING_DNS, until=until)
    ruled = triage(kind, report_on(READY + NONE), Plan((key, waits), ()), H.ON)
    assert ruled.code == code
    assert ruled.facts["until"] == (None if until is None else int(NOW.timestamp()))


@pytest.mark.parametrize("asks", RequestKind)
def test_what_the_plan_asks_for_next_is_never_refused(asks: RequestKind) -> None:
    plan = Plan((Step((Part.SERVER,), StepState.NEXT, asks=asks),), ())
    for hosting in MailHosting:
        assert triage(asks, report_on(""), plan, hosting) == QUEUED


def test_every_answer_has_its_words_and_no_words_are_left_over() -> None:
    source = (shipped_templates().parent / "bot/services/triage.py").read_text(encoding="utf-8")
    names = {path.stem for path in (shipped_templates() / "en/triage").glob("*.j2")}
    assert {name for name in names if f'"{name}"' in source} == names
    assert len(names) == 16
