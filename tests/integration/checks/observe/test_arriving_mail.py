"""What is asked about a test mail: over real sockets, no more than is needed, and in time."""

from __future__ import annotations

import pytest

from bot.checks.mail.mail_verdict import AuthResult, MailVerdict
from bot.checks.mail.received_mail import ReceivedMail
from bot.checks.observe.arriving_mail import receive_mail
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from observed_domain import SERVER
from signed_mails import (
    AT,
    FRIEND,
    OURS,
    codes,
    compose,
    deliver,
    good_mail,
    hand_in,
    key_line,
    sign,
    txt,
)

WORLD = {
    "cow.example": f"mx1 A {OURS}\nmx1 AAAA 2001:db8::25\n",
    "friend.example": (
        key_line("friend.example")
        + txt("friend.example", f"v=spf1 ip4:{OURS} -all")
        + txt("_dmarc.friend.example", "v=DMARC1; p=none")
    ),
    "else.example": f"in A {OURS}\n",
}


async def ask_about(
    raw: bytes, *servfail: str, is_foreign: bool = True
) -> tuple[MailVerdict, set[str]]:
    """Return the verdict on a mail, and the names that were asked for."""
    receiver = "else.example" if is_foreign else "cow.example"
    mail = ReceivedMail(raw, AT, (Domain.from_ascii(receiver),), FRIEND, is_foreign=is_foreign)
    zones = Zones.of(WORLD, servfail=servfail)
    async with ZoneServer(zones) as server, Resolver((Server(*server.address),)) as resolver:
        verdict = await receive_mail(resolver.ask, SERVER, mail)
        return verdict, {question.name.to_text() for question in server.asked}


async def test_a_right_mail_takes_its_key_policies_sender_and_host() -> None:
    verdict, asked = await ask_about(good_mail())
    assert verdict.passed
    assert asked == {
        "dkim._domainkey.friend.example.",
        "_dmarc.friend.example.",
        "_dmarc.example.",
        "friend.example.",
        "mx1.cow.example.",
    }


async def test_of_a_mail_that_stayed_on_the_server_no_sender_is_asked_for() -> None:
    verdict, asked = await ask_about(hand_in(sign(compose())), is_foreign=False)
    assert verdict.passed
    assert verdict.spf is AuthResult.NONE
    assert "friend.example." not in asked


async def test_names_by_which_hops_call_themselves_are_looked_up() -> None:
    hop = "Received: from in.else.example ([203.0.113.9]) by s.else.example with esmtps id 1;\r\n"
    verdict, asked = await ask_about(hop.encode() + deliver(hand_in(sign(compose()))))
    assert "in.else.example." in asked
    assert verdict.delivered_from == "203.0.113.9"
    assert codes(verdict)[0] == "mail-forwarded"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("_domainkey.friend.example", "mail-key-unknown"),
        ("_dmarc.friend.example", "mail-policy-unknown"),
        ("mx1.cow.example", "mail-host-unknown"),
    ],
)
async def test_what_is_not_answered_is_not_said_to_be_missing(name: str, code: str) -> None:
    verdict, _ = await ask_about(good_mail(), name)
    assert not verdict.passed
    assert code in codes(verdict)
    assert all(cause.is_unknown for cause in verdict.causes)
