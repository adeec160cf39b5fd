"""TLS-RPT records: sound, faulty, several, and unanswered."""

from __future__ import annotations

import pytest

from bot.checks.finding import FixAction, Status, Verdict
from bot.checks.optional import tls_rpt
from bot.dns.answer import Outcome
from bot.records.presentation import quoted_parts
from observed_domain import EXPECTED, answered, only, seen, typed, unfound


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
