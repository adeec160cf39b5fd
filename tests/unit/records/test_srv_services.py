"""The SRV records by which mail programs find a server: those that are encrypted at once first."""

from __future__ import annotations

from dataclasses import replace

import dns.name

from bot.records.client_settings import Protocol, client_settings
from bot.records.mail_server import MailServer
from bot.records.srv_services import srv_services

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
)


def test_a_record_names_port_and_host_of_the_service() -> None:
    values = {service.label: service.value(SERVER) for service in srv_services(SERVER)}
    assert values["_imaps._tcp"] == "0 1 993 mx1.cow.example."
    assert values["_submissions._tcp"] == "0 1 465 mx1.cow.example."


def test_who_has_the_usual_records_needs_no_other() -> None:
    usual = [service.label for service in srv_services(SERVER) if service.usual]
    assert usual == ["_imaps._tcp", "_submissions._tcp"]
    assert [service.label for service in srv_services(SERVER)][:2] == usual


def test_both_ways_to_the_same_thing_are_one_family() -> None:
    families: dict[str, set[str]] = {}
    for service in srv_services(SERVER):
        families.setdefault(service.family, set()).add(service.label)
    assert families["imap"] == {"_imaps._tcp", "_imap._tcp"}
    assert families["submission"] == {"_submissions._tcp", "_submission._tcp"}


def test_a_server_without_pop_has_no_record_for_it() -> None:
    labels = {service.label for service in srv_services(replace(SERVER, pop=False))}
    assert {service.label for service in srv_services(SERVER)} - labels == {"_pop3s._tcp"}


def test_every_port_is_one_that_members_are_told_to_type() -> None:
    told = {service.port for service in client_settings(SERVER).services}
    assert {service.port for service in srv_services(SERVER)} <= told
    pop = {service.port for service in client_settings(SERVER).of(Protocol.POP)}
    assert {s.port for s in srv_services(SERVER) if s.family == "pop"} <= pop
