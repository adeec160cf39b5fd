"""The SPF value that is handed out, and the host's own record."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status, Verdict
from bot.checks.server.handed_out_spf import judge_helo, judge_spf
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import STRANGER, SpfCause, SpfEvaluation, SpfStep
from bot.words import Words
from observed_server import (
    HELO,
    HOST,
    IP4,
    IP6,
    LIST,
    MEMBER,
    SERVER,
    SPF,
    WORLD,
    evaluation,
    observe,
    only,
    typed,
)

if TYPE_CHECKING:
    from bot.records.mail_server import MailServer


def spf(*evaluations: SpfEvaluation, server: MailServer = SERVER) -> Verdict:
    return judge_spf(observe(spf=evaluations, server=server))


def test_an_address_that_the_handed_out_value_refuses_is_added_to_its_list() -> None:
    policies = ((MEMBER.ascii, SERVER.spf), ("_spf.cow.example", f"v=spf1 ip4:{IP4} -all"))
    refused = evaluation(IP6, "fail", policies=policies)
    stranger = evaluation(STRANGER, "fail", policies=policies)
    verdict = spf(evaluation(IP4, policies=policies), refused, stranger)
    finding = only(verdict, "server-spf-refuses")
    assert verdict.found == (f"_spf.cow.example v=spf1 ip4:{IP4} -all",)
    assert finding.severity is Status.FAIL
    assert typed(finding) == [
        {
            "action": "replace",
            "name": "_spf",
            "type": "TXT",
            "value": f"v=spf1 ip6:{IP6} ip4:{IP4} -all",
            "old": f"v=spf1 ip4:{IP4} -all",
            "ttl": 3600,
        }
    ]


def test_a_value_without_include_is_mended_in_the_configuration() -> None:
    server = dataclasses.replace(SERVER, spf=f"v=spf1 ip4:{IP4} -all")
    policies = ((MEMBER.ascii, server.spf),)
    each = (evaluation(e.address, e.result, policies=policies) for e in (SPF[0], SPF[2]))
    verdict = spf(*each, evaluation(IP6, "fail", policies=policies), server=server)
    finding = only(verdict, "server-spf-refuses")
    assert (finding.facts["target"], finding.fixes) == ("", ())
    assert "all members then have to change" in Words().finding(finding, {})


def test_an_include_that_leads_nowhere_gets_the_list_of_our_addresses() -> None:
    path = (SpfStep(MEMBER.ascii, "include:_spf.cow.example"),)
    broken = {"cause": SpfCause.INCLUDE_MISSING, "path": path}
    broken["policies"] = ((MEMBER.ascii, SERVER.spf),)
    verdict = spf(*(evaluation(a, "permerror", **broken) for a in (IP4, IP6, STRANGER)))
    finding = only(verdict, "server-spf-broken")
    assert [(fix["name"], fix["value"]) for fix in typed(finding)] == [("_spf", LIST)]


@pytest.mark.parametrize(
    "cause",
    [
        c
        for c in SpfCause
        if c.value
        in {"multiple", "syntax", "loop", "too-many-lookups", "too-many-voids", "too-many-mx"}
    ],
)
def test_a_value_that_receivers_take_for_broken_names_the_record_to_mend(cause: SpfCause) -> None:
    path = (
        SpfStep(MEMBER.ascii, "include:_spf.cow.example"),
        SpfStep("_spf.cow.example", "include:x.example"),
    )
    error = evaluation(STRANGER, "permerror", cause=cause, path=path, lookups=12)
    finding = only(spf(SPF[0], SPF[1], error), "server-spf-broken")
    assert finding.severity is Status.FAIL
    assert "_spf.cow.example" in Words().finding(finding, {})


def test_a_value_that_lets_strangers_pass_protects_nobody() -> None:
    path = (SpfStep(MEMBER.ascii, "include:_spf.cow.example"), SpfStep("_spf.cow.example", "+all"))
    verdict = spf(SPF[0], SPF[1], evaluation(STRANGER, "pass", path=path))
    finding = only(verdict, "server-spf-open")
    assert (finding.severity, finding.facts["term"]) == (Status.FAIL, "+all")
    assert (finding.facts["own"], finding.facts["at"]) == (False, "_spf.cow.example")
    own = spf(SPF[0], SPF[1], evaluation(STRANGER, "pass", path=(SpfStep(MEMBER.ascii, "+all"),)))
    assert only(own, "server-spf-open").facts["own"] is True


def test_the_address_that_passes_and_the_one_that_does_not_are_told_apart() -> None:
    facts = only(spf(SPF[0], evaluation(IP6, "softfail"), SPF[2]), "server-spf-refuses").facts
    assert (facts["addresses"], facts["allowed"], facts["result"]) == ((IP6,), (IP4,), "softfail")


def test_a_record_that_is_broken_is_known_as_ours_or_as_an_included_one() -> None:
    for steps, own in ((1, True), (2, False)):
        path = (
            SpfStep(MEMBER.ascii, "include:_spf.cow.example"),
            SpfStep("_spf.cow.example", "include:x.example"),
        )[:steps]
        error = evaluation(STRANGER, "permerror", cause=SpfCause.SYNTAX, path=path, lookups=3)
        facts = only(spf(SPF[0], SPF[1], error), "server-spf-broken").facts
        assert (facts["own"], facts["lookups"], facts["cause"]) == (own, 3, "syntax")


def test_two_addresses_that_nobody_could_evaluate_for_one_reason_are_told_once() -> None:
    failed = Answer(Question.of("_spf.cow.example", "TXT"), Outcome.TIMEOUT)
    unsure = (
        evaluation(a, "temperror", cause=SpfCause.TEMPERROR, failed=failed) for a in (IP4, IP6)
    )
    only(spf(*unsure, SPF[2]), "dns-timeout")


@pytest.mark.parametrize(
    ("value", "term"),
    [
        (f"v=spf1 ip4:{IP4} ip4:64.0.0.0/2 -all", "ip4:64.0.0.0/2"),
        (f"v=spf1 ip4:{IP4} ip6:2000::/3 -all", "ip6:2000::/3"),
        (f"v=spf1 ip4:{IP4} exists:%{{l}}.x.example -all", "exists:%{l}.x.example"),
    ],
)
def test_a_value_that_lets_nearly_everybody_pass_is_open(value: str, term: str) -> None:
    server = dataclasses.replace(SERVER, spf=value)
    policies = ((MEMBER.ascii, value),)
    ours = (evaluation(IP4, policies=policies), evaluation(IP6, policies=policies))
    stranger = evaluation(STRANGER, "fail", policies=policies)
    finding = only(spf(*ours, stranger, server=server), "server-spf-open")
    assert (finding.severity, finding.facts["term"]) == (Status.FAIL, term)


def test_many_lookups_leave_members_too_few() -> None:
    verdict = spf(SPF[0], SPF[1], evaluation(STRANGER, "fail", lookups=8))
    finding = only(verdict, "server-spf-many-lookups")
    assert (finding.severity, finding.facts["left"]) == (Status.WARN, 2)
    assert (finding.facts["lookups"], finding.facts["limit"]) == (8, 10)
    assert spf(SPF[0], SPF[1], evaluation(STRANGER, "fail", lookups=7)).findings
    assert not spf(SPF[0], SPF[1], evaluation(STRANGER, "fail", lookups=6)).findings


def test_a_value_that_does_not_refuse_others_is_said() -> None:
    soft = dataclasses.replace(SERVER, spf="v=spf1 include:_spf.cow.example ~all")
    assert only(spf(*SPF, server=soft), "server-spf-no-all").severity is Status.INFO
    neutral = dataclasses.replace(SERVER, spf="v=spf1 include:_spf.cow.example ?all")
    assert only(spf(*SPF, server=neutral), "server-spf-no-all").severity is Status.WARN


def test_spf_that_could_not_be_evaluated_is_unknown() -> None:
    question = Question.of("_spf.cow.example", "TXT")
    failed = Answer(question, Outcome.SERVFAIL)
    unsure = evaluation(IP4, "temperror", cause=SpfCause.TEMPERROR, failed=failed)
    finding = only(spf(unsure, SPF[1], SPF[2]), "servfail")
    assert (finding.severity, finding.facts["name"]) == (Status.UNKNOWN, "_spf.cow.example")
    assert only(spf(SPF[0], SPF[2]), "dns-timeout").severity is Status.UNKNOWN
    budget = evaluation(IP4, "temperror", cause=SpfCause.BUDGET)
    assert only(spf(budget, SPF[1], SPF[2]), "server-spf-too-big").severity is Status.UNKNOWN


def test_the_hosts_own_spf_record_is_optional() -> None:
    verdict = judge_helo(observe(WORLD.replace(HELO, f"{HOST} TXT -\n"), helo=()))
    finding = only(verdict, "server-helo-missing")
    assert finding.severity is Status.INFO
    assert [fix["value"] for fix in typed(finding)] == ["v=spf1 a -all"]


@pytest.mark.parametrize(("result", "severity"), [("fail", Status.FAIL), ("softfail", Status.WARN)])
def test_the_hosts_own_spf_record_must_not_refuse_it(result: str, severity: Status) -> None:
    text = WORLD.replace(HELO, f'{HOST} TXT "v=spf1 mx ~all"\n{HOST} TXT "v=spf1 -all"\n')
    finding = only(
        judge_helo(observe(text, helo=(SPF[0], evaluation(IP6, result)))), "server-helo-refuses"
    )
    assert finding.severity is severity
    assert [fix["action"] for fix in typed(finding)] == ["replace", "delete"]
