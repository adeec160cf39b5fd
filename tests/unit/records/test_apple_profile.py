from __future__ import annotations

import plistlib
from dataclasses import replace
from typing import Any

import dns.name
import pytest
from hypothesis import given

from bot.names import MailAddress
from bot.records.apple_profile import build_profile
from bot.records.client_settings import ClientSettings, Security, client_settings
from bot.records.mail_server import MailServer
from examples import examples
from profile_rules import find_profile_faults
from strategies import mail_servers

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
    name="Cow Mail",
)
ANN = client_settings(SERVER, MailAddress.parse("ann@friend.example"))


def build(settings: ClientSettings = ANN) -> bytes:
    return build_profile(settings, title="Mail of Cow Mail", description="Sets up mail.")


def read(profile: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = plistlib.loads(profile)
    (account,) = whole["PayloadContent"]
    return whole, account


def test_a_profile_keeps_apples_documented_rules() -> None:
    assert find_profile_faults(build()) == []


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("IncomingMailServerHostName", None, "IncomingMailServerHostName is missing"),
        ("IncomingMailServerPortNumber", "993", "IncomingMailServerPortNumber is a str"),
        ("IncomingMailServerPortNumber", 0, "IncomingMailServerPortNumber is no port"),
        ("OutgoingMailServerUseSSL", 1, "OutgoingMailServerUseSSL is a int"),
        ("EmailAccountType", "IMAP", "EmailAccountType is 'IMAP'"),
        ("IncomingPassword", "secret", "IncomingPassword: only for encrypted profiles"),
        ("PayloadUUID", "7", "PayloadUUID is no UUID"),
        ("PayloadIdentifier", "mail", "PayloadIdentifier is not in reverse DNS style"),
        ("Colour", "red", "Colour is not documented"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_found_out(key: str, value: object, fault: str) -> None:
    whole, account = read(build())
    if value is None:
        del account[key]
    else:
        account[key] = value
    assert f"account: {fault}" in find_profile_faults(plistlib.dumps(whole))


def test_it_has_the_settings_and_no_password() -> None:
    whole, account = read(build())
    assert account["EmailAddress"] == "ann@friend.example"
    for side, port in (("Incoming", 993), ("Outgoing", 465)):
        assert account[f"{side}MailServerHostName"] == "mx1.cow.example"
        assert account[f"{side}MailServerPortNumber"] == port
        assert account[f"{side}MailServerUseSSL"] is True
        assert account[f"{side}MailServerUsername"] == "ann@friend.example"
        assert account[f"{side}MailServerAuthentication"] == "EmailAuthPassword"
        assert f"{side}Password" not in account
    assert account["OutgoingPasswordSameAsIncomingPassword"] is True
    assert whole["PayloadDisplayName"] == whole["PayloadOrganization"] == "Cow Mail"


def test_it_follows_the_ways_that_come_first() -> None:
    turned = sorted(ANN.services, key=lambda service: service.security is Security.TLS)
    profile = build(replace(ANN, services=tuple(turned)))
    _, account = read(profile)
    assert account["IncomingMailServerPortNumber"] == 143
    assert account["OutgoingMailServerPortNumber"] == 587
    assert account["OutgoingMailServerUseSSL"] is True
    assert find_profile_faults(profile) == []


def test_a_newer_profile_of_an_address_takes_the_place_of_the_older() -> None:
    again = client_settings(replace(SERVER, name="Moo"), MailAddress.parse("Ann@friend.example"))
    for first, second in zip(read(build()), read(build(again)), strict=True):
        for key in ("PayloadUUID", "PayloadIdentifier"):
            assert first[key] == second[key]


@pytest.mark.parametrize("other", ["ben@friend.example", "ann@herd.example"])
def test_profiles_of_two_addresses_stand_beside_each_other(other: str) -> None:
    second = build(client_settings(SERVER, MailAddress.parse(other)))
    for key in ("PayloadUUID", "PayloadIdentifier"):
        assert {part[key] for part in read(build())}.isdisjoint(
            {part[key] for part in read(second)}
        )


def test_nobody_gets_the_profile_of_an_example() -> None:
    with pytest.raises(ValueError, match="whole address"):
        build(client_settings(SERVER))


@given(server=mail_servers())
@examples(0.5)
def test_every_servers_profile_keeps_the_rules(server: MailServer) -> None:
    address = MailAddress.parse("o'neil&sons@bücher.example")
    assert find_profile_faults(build(client_settings(server, address))) == []
