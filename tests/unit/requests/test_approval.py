"""What an admin enters with an approval, and what a second try keeps of the first."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.errors import RequestError
from bot.names import Domain
from bot.requests.approval import Approval, note_approval
from bot.requests.backend import DomainLimits
from bot.requests.kinds import KINDS
from bot.requests.limits import dump_limits
from bot.requests.model import Request, RequestKind, State
from bot.words import Words
from strategies import ED25519, RSA_1024

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = f"v=DKIM1;k=rsa;p={RSA_1024}"
# The primes of two curves (FIPS 186-4): their product has no small factor, as a modulus has none.
P_256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P_384 = 2**384 - 2**128 - 2**96 + 2**32 - 1


def request_of(
    kind: RequestKind,
    *,
    by_hand: bool = False,
    value: str = "",
    selector: str = "",
    limits: str = "",
    stage: str | None = None,
) -> Request:
    domain = Domain.from_ascii("friend.example")
    return Request(
        *(1, kind, domain, 100, 200, 1, State.FAILED, 3, NOON, NOON),
        by_hand=by_hand,
        value=value,
        selector=selector,
        limits=limits,
        stage=stage,
    )


def approve(request: Request, approval: Approval) -> dict[str, object]:
    return KINDS[request.kind].approve(approval, request, NOON)


def test_a_pasted_rsa_key_is_as_long_as_receivers_ask_for() -> None:
    short = RSAPublicNumbers(65537, P_256 * P_384).public_key()
    text = base64.b64encode(short.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    request = request_of(RequestKind.DKIM)
    with pytest.raises(RequestError) as caught:
        approve(request, Approval(value=f"v=DKIM1; p={text.decode()}"))
    assert caught.value.code == "request-key-too-short"
    said = Words().error(caught.value)
    assert "640" in said
    assert "1024" in said
    assert approve(request, Approval(value=KEY))["value"] == KEY


def test_an_ed25519_key_is_short_and_long_enough() -> None:
    value = f"v=DKIM1; k=ed25519; p={ED25519}"
    fields = approve(request_of(RequestKind.DKIM), Approval(value=value, selector="cow"))
    assert fields == {"by_hand": True, "value": value, "selector": "cow"}


def test_the_bot_finds_the_key_at_the_usual_selector_unless_another_is_typed() -> None:
    request = request_of(RequestKind.DKIM)
    found = {"by_hand": False, "value": ""}
    assert approve(request, Approval()) == {**found, "selector": "dkim"}
    assert approve(request, Approval(usual_selector="moo")) == {**found, "selector": "moo"}
    assert approve(request, Approval(selector=" S1 ")) == {**found, "selector": "s1"}


def test_a_second_try_keeps_only_a_key_that_was_pasted() -> None:
    pasted = request_of(RequestKind.DKIM, by_hand=True, value=KEY, selector="cow")
    again = Approval(again=True)
    assert approve(pasted, again) == {"by_hand": True, "value": KEY, "selector": "cow"}
    made = {"by_hand": False, "value": "", "selector": "dkim"}
    assert approve(pasted, Approval()) == made
    assert approve(request_of(RequestKind.DKIM, value=KEY, selector="cow"), again) == made
    with pytest.raises(RequestError, match="request-key-missing"):
        approve(request_of(RequestKind.DKIM, by_hand=True), Approval(again=True, by_hand=True))


def test_a_second_try_keeps_the_approved_stage() -> None:
    request = request_of(RequestKind.DMARC, stage="quarantine")
    assert approve(request, Approval(again=True)) == {"stage": "quarantine", "by_hand": False}


def test_a_second_try_keeps_the_limits_unless_others_are_typed() -> None:
    kept = dump_limits(DomainLimits(mailboxes=5))
    request = request_of(RequestKind.MAILDOMAIN, limits=kept)
    assert approve(request, Approval(again=True)) == {"by_hand": False, "limits": kept}
    other = DomainLimits(aliases=7)
    typed = approve(request, Approval(again=True, limits=other))
    assert typed == {"by_hand": False, "limits": dump_limits(other)}
    assert approve(request, Approval(accepts_risk=True)) == {"by_hand": False, "limits": ""}
    assert approve(request, Approval(by_hand=True, accepts_risk=True))["by_hand"] is True


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_mail_domain_takes_control_or_an_admin_who_knows_the_risk(*, by_hand: bool) -> None:
    request = request_of(RequestKind.MAILDOMAIN)
    with pytest.raises(RequestError, match="request-control-unproven"):
        approve(request, Approval(by_hand=by_hand))
    for enough in (Approval(by_hand=by_hand, control_shown=True), Approval(accepts_risk=True)):
        assert approve(request, enough)["limits"] == ""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gmail.com", "request-domain-of-provider"),
        ("mail.gmail.com", "request-domain-of-provider"),
        ("co.uk", "request-domain-is-suffix"),
        ("dkim-factory.invalid", "request-domain-is-nobodys"),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_what_nobody_who_asks_can_have_is_never_approved(
    name: str, code: str, *, again: bool
) -> None:
    request = replace(request_of(RequestKind.MAILDOMAIN), domain=Domain.from_ascii(name))
    approval = Approval(control_shown=True, accepts_risk=True, by_hand=True, again=again)
    with pytest.raises(RequestError, match=code):
        approve(request, approval)


def test_the_audit_says_where_control_was_not_shown() -> None:
    fields = {"by_hand": True}
    assert note_approval(Approval(accepts_risk=True), fields) == "by hand, control not shown"
    assert note_approval(Approval(accepts_risk=True, control_shown=True), fields) == "by hand"
    assert note_approval(Approval(), {"by_hand": False, "stage": "none"}) == "p=none"


def test_a_webmail_alias_is_an_admins_work_whatever_is_entered() -> None:
    request = request_of(RequestKind.WEBMAIL)
    assert approve(request, Approval(stage="reject", value=KEY)) == {"by_hand": True}
