from __future__ import annotations

from dataclasses import replace

import dns.name
import pytest
from hypothesis import given

from bot.names import Domain, MailAddress
from bot.records.client_settings import ADVICE, Direction, Protocol, Security, client_settings
from bot.records.mail_server import MailServer
from bot.words import Medium, Words
from examples import examples
from strategies import mail_servers

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
    name="Cow Mail",
    webmail_url="https://mx1.cow.example/SOGo/",
    password_url="https://mx1.cow.example/",
    admin_contact="@admin or admin@cow.example",
)


def test_the_ports_for_phones_come_first() -> None:
    found = client_settings(SERVER)
    ports = {p: [(s.port, s.security, s.preferred) for s in found.of(p)] for p in Protocol}
    assert ports == {
        Protocol.IMAP: [(993, Security.TLS, True), (143, Security.STARTTLS, False)],
        Protocol.SMTP: [(465, Security.TLS, True), (587, Security.STARTTLS, False)],
        Protocol.POP: [(995, Security.TLS, True), (110, Security.STARTTLS, False)],
    }
    assert [service.port for service in found.services[:2]] == [993, 465]
    assert {service.host for service in found.services} == {"mx1.cow.example"}


def test_only_smtp_is_for_sending() -> None:
    services = client_settings(SERVER).services
    outgoing = {s.protocol for s in services if s.direction is Direction.OUTGOING}
    assert outgoing == {Protocol.SMTP}


def test_port_25_is_for_servers() -> None:
    assert 25 not in {service.port for service in client_settings(SERVER).services}


def test_without_pop_there_is_none() -> None:
    assert client_settings(replace(SERVER, pop=False)).of(Protocol.POP) == ()


def test_the_user_name_is_the_whole_address() -> None:
    found = client_settings(SERVER, MailAddress.parse("Me@friend.example"))
    assert (found.user_name, found.is_example) == ("Me@friend.example", False)
    assert found.alias == "mail.friend.example"


def test_without_an_address_the_user_name_shows_its_form() -> None:
    found = client_settings(SERVER, Domain.from_ascii("herd.example"))
    assert (found.user_name, found.is_example) == ("you@herd.example", True)
    assert client_settings(SERVER).user_name == "you@friend.example"


def test_a_mailcow_has_a_page_that_hands_out_its_own_profile() -> None:
    mailcow = replace(SERVER, is_mailcow=True)
    found = client_settings(mailcow)
    assert found.own_page == "https://mx1.cow.example/mobileconfig.php"
    assert found.has_own_profile
    # Without SOGo there are no calendars and contacts to set up.
    bare = client_settings(replace(mailcow, webmail_url="https://post.cow.example/"))
    assert bare.own_page == "https://mx1.cow.example/mobileconfig.php?only_email"


def test_another_server_has_the_page_of_the_password() -> None:
    found = client_settings(SERVER)
    assert found.own_page == "https://mx1.cow.example/"
    assert not found.has_own_profile
    without = replace(SERVER, password_url="", webmail_url="", is_mailcow=True)
    assert client_settings(without).own_page == ""


def test_a_page_of_the_password_that_is_not_mailcows_hands_out_no_profile() -> None:
    mailcow = replace(SERVER, is_mailcow=True)
    login = "https://login.cow.example/realms/cows/account?tab=password"
    found = client_settings(replace(mailcow, password_url=login))
    assert (found.own_page, found.has_own_profile) == (login, False)
    page = "https://post.cow.example/"  # by another name of the same Mailcow
    found = client_settings(replace(mailcow, password_url=page, webmail_url=f"{page}SOGo/"))
    assert found.own_page == "https://post.cow.example/mobileconfig.php"


def say(server: MailServer, who: MailAddress | None = None) -> dict[str, str]:
    facts = client_settings(server, who).facts
    return {template: Words().sentence(template, facts) for template in ADVICE}


def test_the_advice_names_what_to_type_and_why() -> None:
    said = say(SERVER, MailAddress.parse("me@friend.example"))
    assert "me@friend.example" in said["mail/settings_user_name"]
    assert "465" in said["mail/settings_port_25"]
    assert "mail.friend.example" in said["mail/settings_server_name"]
    assert "certificate" in said["mail/settings_server_name"]
    assert "https://mx1.cow.example/SOGo/" in said["mail/settings_pages"]
    assert "@admin or admin@cow.example" in said["mail/settings_contact"]


def test_the_advice_fits_a_server_of_which_little_is_known() -> None:
    said = say(replace(SERVER, pop=False, webmail_url="", password_url="", admin_contact=""))
    assert said["mail/settings_pages"] == ""
    assert "the admin of Cow Mail" in said["mail/settings_contact"]
    assert "no POP" in said["mail/settings_pop"]


def test_nobody_is_warned_of_the_right_server_name() -> None:
    server = replace(SERVER, host=dns.name.from_text("mail.cow.example"))
    said = say(server, MailAddress.parse("me@cow.example"))
    assert said["mail/settings_server_name"] == "The server name is always mail.cow.example."


@pytest.mark.parametrize("medium", Medium)
@given(server=mail_servers())
@examples(0.25)
def test_every_server_gets_its_advice(medium: Medium, server: MailServer) -> None:
    words = Words(medium)
    facts = client_settings(server).facts
    assert all(words.sentence(template, facts).endswith(".") for template in ADVICE)
