"""Authentication-Results: only those that the receiver itself wrote count."""

from __future__ import annotations

import pytest

from signed_mails import codes, compose, deliver, hand_in, judge, sign

OWN = "mail.else.example; dkim=pass header.d=friend.example; spf=pass smtp.mailfrom=x; dmarc=pass"
ALL = (("spf", "pass"), ("dkim", "pass"), ("dmarc", "pass"))


def send(results: str = "", forged: str = "", below: str = "") -> bytes:
    mail = sign(compose())
    above = f"Authentication-Results: {forged}\r\n".encode() if forged else b""
    under = f"Authentication-Results: {below}\r\n".encode() if below else b""
    return deliver(above + hand_in(under + mail), results=results)


def test_the_receiver_s_own_words_are_kept() -> None:
    verdict = judge(send(OWN))
    assert verdict.receiver_says == ALL
    assert verdict.receiver == "mail.else.example"
    assert verdict.remarks == ()


@pytest.mark.parametrize(
    ("results", "says"),
    [
        ("mx.stranger.example; dkim=pass", ()),
        ("else.example 1; dkim=fail; dkim=pass; arc=none", (("dkim", "pass"),)),
        (
            "mail.else.example (a (b) c); spf=softfail (x: y) smtp.mailfrom=a@b",
            (("spf", "softfail"),),
        ),
        ("mail.else.example; none", ()),
        ("mail.else.example; dkim=better", ()),
        ("mail.else.example; dkim", ()),
        ('mail.else.example; dkim=pass reason="a;b" header.d=x', (("dkim", "pass"),)),
        ("mail.else.example; dkim=pass (", ()),
        ("spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=x; dkim=pass", ()),
        ("; dkim=pass", ()),
        ("mail.else.example; " + "dkim=pass; " * 1000, ()),
    ],
)
def test_fields_of_others_and_broken_ones_say_nothing(
    results: str, says: tuple[tuple[str, str], ...]
) -> None:
    assert judge(send(results)).receiver_says == says


def test_the_first_word_of_the_receiver_on_a_method_counts() -> None:
    verdict = judge(send("mail.else.example; dkim=fail", forged=OWN))
    assert dict(verdict.receiver_says)["dkim"] == "fail"


def test_a_field_that_came_with_the_mail_is_told_and_not_counted() -> None:
    verdict = judge(send(below=OWN))
    assert verdict.passed
    assert verdict.receiver_says == ()
    assert [remark.code for remark in verdict.remarks] == ["mail-results-forged"]


def test_a_pass_for_a_signature_that_is_not_there_is_a_lie() -> None:
    verdict = judge(deliver(hand_in(compose()), results=OWN))
    assert codes(verdict) == ["mail-unsigned"]
    assert verdict.receiver_says == ()
    assert "mail-results-forged" in [remark.code for remark in verdict.remarks]
