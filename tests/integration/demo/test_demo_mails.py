"""The demo's test mails, judged as the bot judges those that members send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.checks.mail.received_mail import ReceivedMail
from bot.checks.observe.arriving_mail import receive_mail
from bot.config.loading import load_settings
from bot.demo import world
from bot.demo.demo_mailcow import make_mailcow
from bot.demo.demo_mails import RECEIVER, MailFate, write_mail
from bot.demo.demo_servers import PROBE
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey

if TYPE_CHECKING:
    from bot.checks.mail.mail_verdict import MailVerdict

SERVER = load_settings(dict(world.DEMO_ENVIRONMENT)).mail_server()
TO = PROBE.replace("@", "+abcdefgh@")


async def send(fate: MailFate, name: str) -> MailVerdict:
    """Return what a mail of the demo comes to, in its world as it stands."""
    mailcow, zones = make_mailcow(), world.zones()
    raw = write_mail(fate, name, TO, zones, mailcow)
    domain = Domain.from_ascii(name)
    receiver = (Domain.from_ascii("else.example"), Domain.from_ascii(RECEIVER))
    key = KnownKey("dkim", DkimRecord.read(world.DOMAINS[name].dkim), "mailcow")
    mail = ReceivedMail(raw, datetime.now(UTC), receiver, domain, key)
    async with (
        ZoneServer(zones) as server,
        Resolver((Server(*server.address),)) as resolver,
    ):
        return await receive_mail(resolver.ask, SERVER, mail)


async def test_a_mail_of_a_healthy_domain_passes_and_the_receiver_says_the_same() -> None:
    verdict = await send(MailFate.RIGHT, "friend.example")
    assert (verdict.passed, verdict.is_from_host) == (True, True)
    assert verdict.receiver == RECEIVER
    assert dict(verdict.receiver_says)["dkim"] == "pass"


@pytest.mark.parametrize(
    ("fate", "code"),
    [
        (MailFate.UNSIGNED, "mail-unsigned"),
        (MailFate.CHANGED, "mail-body-changed"),
        (MailFate.ELSEWHERE, "mail-other-server"),
    ],
)
async def test_what_goes_wrong_on_the_way_is_named(fate: MailFate, code: str) -> None:
    verdict = await send(fate, "friend.example")
    assert not verdict.passed
    assert verdict.causes[0].code == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("newcomer.example", "mail-unsigned"),  # the mail server has no key for it yet
        ("stranger.example", "mail-key-differs"),
        ("snipped.example", "mail-key-broken"),
        ("eager.example", "mail-key-missing"),
    ],
)
async def test_what_is_wrong_with_a_domain_is_wrong_with_its_mail(name: str, code: str) -> None:
    verdict = await send(MailFate.RIGHT, name)
    assert not verdict.passed
    assert verdict.causes[0].code == code


async def test_a_mail_is_signed_with_the_key_that_the_mail_server_has_at_that_moment() -> None:
    mailcow, zones = make_mailcow(), world.zones()
    first = write_mail(MailFate.RIGHT, "vintage.example", TO, zones, mailcow)
    assert b"s=dkim;" in first
    fresh = DkimPair.make("cb202611a")
    mailcow.dkim["vintage.example"] = fresh
    assert b"s=cb202611a;" in write_mail(MailFate.RIGHT, "vintage.example", TO, zones, mailcow)
    mailcow.dkim["vintage.example"] = replace(fresh, private="")
    unsigned = write_mail(MailFate.RIGHT, "vintage.example", TO, zones, mailcow)
    assert b"DKIM-Signature" not in unsigned
