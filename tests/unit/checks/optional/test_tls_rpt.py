"""TLS-RPT records: sound, faulty, several, and unanswered."""

from __future__ import annotations

import pytest

from bot.checks.finding import FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import tls_rpt
from bot.dns.answer import Outcome
from bot.names import Domain
from bot.records.expected import expect
from bot.records.presentation import quoted_parts
from observed_domain import EXPECTED, SERVER, answered, only, seen, typed, unfound


def look_tls(*texts: str) -> Verdict:
    quoted = (quoted_parts(text) for text in texts)
    return tls_rpt.judge(EXPECTED, seen(answered("_smtp._tls.friend.example", "TXT", *quoted)))


@pytest.mark.parametrize(
    "text",
    [
        "v=TLSRPTv1; rua=mailto:tls@friend.example",
        "v=TLSRPTv1;rua=https://r.example/tls",
        "v=TLSRPTv1 ; rua=mailto:a@b.example , https://r.example ;",
    ],
)
def test_a_sound_tls_rpt_record_passes(text: str) -> None:
    assert look_tls(text).status is Status.PASS


@pytest.mark.parametrize("texts", [(), ("v=spf1 -all",), ("hello",)])
def test_other_texts_are_no_tls_rpt_record(texts: tuple[str, ...]) -> None:
    only(look_tls(*texts), "optional-missing", Status.INFO)


@pytest.mark.parametrize(
    ("text", "what", "value"),
    [
        ("v=tlsrptv1; rua=mailto:a@b.example", "version", "v=TLSRPTv1; rua=mailto:a@b.example"),
        ("v=TLSRPTv1 rua=mailto:a@b.example", "no-rua", None),
        ("v=TLSRPTv1;", "no-rua", None),
        ("v=TLSRPTv1; rua=a@b.example", "rua", None),
        ("v=TLSRPTv1; rua=mailto:a@localhost", "rua", None),
        ("v=TLSRPTv1; rua=mailto:a@example.", "rua", None),
        ("v=TLSRPTv1; rua=mailto:a@.example", "rua", None),
        (
            '"v=TLSRPTv1; rua=mailto:a@b.example"',
            "version",
            "v=TLSRPTv1; rua=mailto:a@b.example",
        ),
        (
            "v=TLSRPTv1; rua=mailto:a@b.example,http://c.example",
            "rua",
            "v=TLSRPTv1; rua=mailto:a@b.example",
        ),
    ],
)
def test_a_tls_rpt_record_that_nobody_reads_is_mended_or_deleted(
    text: str, what: str, value: str | None
) -> None:
    finding = only(look_tls(text), "tls-rpt-syntax", Status.WARN)
    assert finding.facts["what"] == what
    ((action, _, typed_value, old),) = typed(finding)
    if value is None:
        assert (action, typed_value) == (FixAction.DELETE, text)
    else:
        assert (action, typed_value, old) == (FixAction.REPLACE, value, text)
        assert look_tls(value).status is Status.PASS


def test_of_several_tls_rpt_records_a_sound_one_is_kept() -> None:
    sound = "v=TLSRPTv1; rua=mailto:z@b.example"
    finding = only(look_tls("v=TLSRPTv1; rua=a", sound), "tls-rpt-multiple", Status.WARN)
    assert [fix.value for fix in finding.fixes] == ["v=TLSRPTv1; rua=a"]


def test_a_failed_tls_rpt_question_is_unknown() -> None:
    failed = unfound("_smtp._tls.friend.example", "TXT", Outcome.SERVFAIL)
    only(tls_rpt.judge(EXPECTED, seen(failed)), "servfail", Status.UNKNOWN)


def test_of_several_tls_rpt_records_without_a_sound_one_the_first_is_kept() -> None:
    texts = [f"v=TLSRPTv1; rua={letter}" for letter in "cab"]
    verdict = look_tls(*texts, "v=spf1 -all")
    finding = only(verdict, "tls-rpt-multiple", Status.WARN)
    assert finding.facts["count"] == 3
    assert [fix.value for fix in finding.fixes] == sorted(texts)[1:]
    assert verdict.found == tuple(sorted(texts))


def test_the_address_that_is_wrong_is_named() -> None:
    verdict = look_tls("v=TLSRPTv1; rua=mailto:a@b.example,tls@c.example,d")
    finding = only(verdict, "tls-rpt-syntax", Status.WARN)
    assert finding.facts["given"] == "tls@c.example"


def test_a_domain_too_long_for_the_name_needs_no_tls_rpt_record() -> None:
    longest = Domain.from_ascii(".".join(["a" * 60] * 4) + ".ex")
    verdict = tls_rpt.judge(expect(SERVER, longest), Observation.of(longest, ()))
    only(verdict, "optional-missing", Status.INFO)
