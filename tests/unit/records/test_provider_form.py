"""Records as the fields of forms: each provider's own words, both spellings where none is known."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.fixes import show_fix
from bot.checks.export.wording import say_fix
from bot.checks.finding import Fix, FixAction
from bot.records.provider_form import Form, fill_form
from bot.records.providers import NEUTRAL, Provider, load_providers, provider_by_key
from bot.words import Medium, Words

ZONE = dns.name.from_text("friend.example")
HOST = "mx1.cow.example."
KEY = "v=DKIM1;k=rsa;p=" + "A" * 392
MX = Fix(FixAction.ADD, ZONE, "MX", HOST, priority=10, ttl=3600)
SPF = Fix(FixAction.ADD, ZONE, "TXT", "v=spf1 include:_spf.cow.example -all", ttl=3600)
DKIM = Fix(FixAction.ADD, dns.name.from_text("dkim._domainkey", ZONE), "TXT", KEY, ttl=3600)
ALIAS = Fix(FixAction.ADD, dns.name.from_text("mail", ZONE), "CNAME", HOST, ttl=3600)
SRV = Fix(FixAction.ADD, dns.name.from_text("_autodiscover._tcp", ZONE), "SRV", f"0 1 443 {HOST}")
RECORDS = (MX, SPF, DKIM, ALIAS, SRV)


def of(key: str) -> Provider:
    provider = provider_by_key(key)
    assert provider is not None
    return provider


def typed(form: Form) -> dict[str, str]:
    return {field.key: field.value for field in (*form.small, form.value)}


def labels(form: Form) -> dict[str, str | None]:
    return {field.key: field.label for field in (*form.small, form.value)}


def test_neutral_words_come_in_both_spellings() -> None:
    form = fill_form(MX, ZONE, NEUTRAL)
    assert typed(form) == {
        "name": "@",
        "type": "MX",
        "priority": "10",
        "ttl": "3600",
        "value": HOST,
    }
    assert form.name.other == "friend.example"
    assert form.value.other == f"10 {HOST}"
    assert form.hints == ("dot-unknown",)
    assert set(labels(form).values()) == {None}
    service = fill_form(SRV, ZONE, NEUTRAL)
    assert service.value.value == SRV.value
    assert {field.key: field.value for field in service.apart} == {
        "priority": "0",
        "weight": "1",
        "port": "443",
        "target": HOST,
    }
    key = fill_form(DKIM, ZONE, NEUTRAL)
    assert key.name.other == "dkim._domainkey.friend.example"
    assert key.value.value == KEY
    assert key.parts == f'"{KEY[:255]}" "{KEY[255:]}"'


def test_only_the_dot_of_a_host_name_is_spoken_of() -> None:
    sentence = replace(SPF, value="Ask the admin of the domain.")
    relative = replace(ALIAS, value="mail")
    for provider in (*load_providers(), NEUTRAL):
        hints = (
            fill_form(sentence, ZONE, provider).hints + fill_form(relative, ZONE, provider).hints
        )
        assert not {"dot-needed", "dot-unknown"} & set(hints)


def test_cloudflares_form_says_proxy_and_takes_a_key_without_quotes() -> None:
    form = fill_form(ALIAS, ZONE, of("cloudflare"))
    assert (form.hints, form.word) == (("proxy",), "Proxy status: DNS only")
    assert labels(form) == {"name": "Name", "type": "Type", "ttl": "TTL", "value": "Target"}
    assert typed(form)["ttl"] == "Auto"
    key = fill_form(DKIM, ZONE, of("cloudflare"))
    assert (key.value.label, key.value.value, key.parts) == ("Content", KEY, None)
    assert key.hints == ("no-quotes",)


def test_route_53_wants_quotes_parts_and_the_priority_before_the_host() -> None:
    form = fill_form(MX, ZONE, of("route53"))
    assert typed(form) == {"name": "", "type": "MX", "ttl": "3600", "value": f"10 {HOST}"}
    assert form.name.other is None
    key = fill_form(DKIM, ZONE, of("route53"))
    assert (key.value.value, key.parts) == (f'"{KEY[:255]}" "{KEY[255:]}"', None)
    assert key.hints == ("quotes",)


def test_ovh_leaves_the_name_empty_and_has_a_limit() -> None:
    form = fill_form(MX, ZONE, of("ovh"))
    assert (form.name.label, form.name.value) == ("Sub-domain", "")
    assert form.hints == ("dot-needed",)
    key = fill_form(DKIM, ZONE, of("ovh"))
    assert (key.hints, key.word) == (("no-quotes", "limit"), "Change in text format")
    assert key.parts is not None
    assert fill_form(SPF, ZONE, of("ovh")).parts is None


def test_godaddy_has_its_own_names_of_types() -> None:
    assert typed(fill_form(MX, ZONE, of("godaddy")))["type"] == "MX (Mail Exchanger)"
    assert fill_form(SPF, ZONE, of("godaddy")).value.label == "TXT Value"


def test_who_is_known_is_told_nothing_of_dots_that_nobody_asks_for() -> None:
    for provider in load_providers():
        hints = {hint for record in RECORDS for hint in fill_form(record, ZONE, provider).hints}
        assert "dot-unknown" not in hints
        assert ("dot-needed" in hints) is (provider.final_dot == "needed")


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (
            "cloudflare",
            {
                "name": "@",
                "service": "_autodiscover",
                "protocol": "TCP",
                "type": "SRV",
                "priority": "0",
                "weight": "1",
                "port": "443",
                "value": "mx1.cow.example",
            },
        ),
        (
            "ionos",
            {
                "name": "@",
                "service": "_autodiscover",
                "protocol": "tcp",
                "type": "SRV",
                "priority": "0",
                "weight": "1",
                "port": "443",
                "value": "mx1.cow.example",
            },
        ),
        (
            "namecheap",
            {
                "service": "_autodiscover",
                "protocol": "_tcp",
                "type": "SRV Record",
                "priority": "0",
                "weight": "1",
                "port": "443",
                "value": HOST,
            },
        ),
        (
            "ovh",
            {
                "name": "_autodiscover._tcp",
                "type": "SRV (Service)",
                "priority": "0",
                "weight": "1",
                "port": "443",
                "value": HOST,
            },
        ),
        ("route53", {"name": "_autodiscover._tcp", "type": "SRV", "value": SRV.value}),
    ],
)
def test_an_srv_record_is_typed_into_the_fields_of_the_form(
    key: str, fields: dict[str, str]
) -> None:
    form = fill_form(SRV, ZONE, of(key))
    assert typed(form) == fields
    assert form.apart == ()
    assert None not in {f.label for f in (*form.small, form.value) if f.key != "priority"}


def test_a_service_of_a_subdomain_keeps_the_rest_of_its_name() -> None:
    below = replace(SRV, owner=dns.name.from_text("_imaps._tcp.lists", ZONE))
    for key, name in (("cloudflare", "lists"), ("namecheap", "lists"), ("gandi", None)):
        form = fill_form(below, ZONE, of(key))
        assert form.name.value == (name or "_imaps._tcp.lists")


def test_full_names_without_a_dot_and_the_least_ttl() -> None:
    strict = replace(
        NEUTRAL,
        key="strict",
        apex="full",
        names="full",
        final_dot="none",
        ttl_least=7200,
        priority="own",
    )
    form = fill_form(MX, ZONE, strict)
    assert typed(form) == {
        "name": "friend.example",
        "type": "MX",
        "priority": "10",
        "ttl": "7200",
        "value": "mx1.cow.example",
    }
    assert (form.hints, form.value.other, form.name.other) == ((), None, None)
    assert fill_form(ALIAS, ZONE, strict).name.value == "mail.friend.example"
    assert fill_form(SRV, ZONE, strict).value.value == "0 1 443 mx1.cow.example"
    # The dot of a null MX (RFC 7505) is its whole value.
    assert fill_form(replace(MX, value="."), ZONE, strict).value.value == "."


def test_a_name_outside_the_zone_is_full_everywhere() -> None:
    away = replace(SPF, owner=dns.name.from_text("friend.example._report._dmarc.cow.example"))
    for provider in (*load_providers(), NEUTRAL):
        form = fill_form(away, ZONE, provider)
        assert form.name.value == "friend.example._report._dmarc.cow.example"
        assert form.name.other is None


@pytest.mark.parametrize("provider", [*load_providers(), NEUTRAL], ids=lambda row: row.key)
@pytest.mark.parametrize("record", RECORDS, ids=lambda fix: fix.type + fix.owner.to_text()[:4])
def test_what_is_typed_is_the_record_again(record: Fix, provider: Provider) -> None:
    form = fill_form(record, ZONE, provider)
    fields = typed(form)
    name = fields.get("name", "@")
    if "service" in fields:
        service = f"{fields['service']}._{fields['protocol'].lower().removeprefix('_')}"
        name = service if name in {"", "@"} else f"{service}.{name}"
    if name in {"", "@"}:
        assert record.owner == ZONE
    else:
        relative = dns.name.from_text(name, ZONE)
        assert record.owner in {relative, dns.name.from_text(name)}
    value = fields["value"]
    if record.type != "TXT" and provider.final_dot == "none":
        assert not value.endswith(".")
        value += "."
    if record.type == "TXT" and provider.quotes != "needed":
        assert (value if '" "' not in value else value[1:-1].replace('" "', "")) == record.value
        return
    rdtype = dns.rdatatype.from_text(record.type)
    if record.type == "MX" and provider.priority != "joined":
        value = f"{record.priority} {value}"
    if record.type == "SRV" and "port" in fields:
        value = f"{fields['priority']} {fields['weight']} {fields['port']} {value}"
    rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, value)
    want = f"{record.priority} {record.value}" if record.type == "MX" else record.value
    if record.type == "TXT":
        assert b"".join(rdata.strings).decode() == record.value  # type: ignore[attr-defined]
    else:
        assert rdata == dns.rdata.from_text(dns.rdataclass.IN, rdtype, want)


@given(st.text(max_size=600), st.sampled_from([*load_providers(), NEUTRAL]))
def test_no_text_breaks_a_form_and_quotes_are_escaped(value: str, provider: Provider) -> None:
    form = fill_form(replace(SPF, value=value), ZONE, provider)
    if provider.quotes == "needed":
        rdata = dns.rdata.from_text("IN", "TXT", form.value.value)
        joined = b"".join(rdata.strings)  # type: ignore[attr-defined]
        assert joined == value.encode(errors="surrogatepass")


def test_hints_and_words_are_said_on_cards_and_in_plain_text() -> None:
    card = show_fix(ALIAS, ZONE, Words(Medium.DISCORD), of("cloudflare"))
    assert "Name `mail` · Type `CNAME` · TTL `Auto` · Target:\n```\nmx1.cow.example\n```" in card
    assert "Set the switch to `Proxy status: DNS only`." in card
    plain = say_fix(MX, ZONE, of("ovh"), Words())
    assert plain.fields[0] == ("Sub-domain", "(leave empty)")
    assert plain.hints == ("Keep the final dot: without it the domain is put behind.",)


def test_a_rename_names_both_names_in_the_same_way() -> None:
    fix = replace(DKIM, action=FixAction.RENAME, old_owner=ZONE)
    said = say_fix(fix, ZONE, of("route53"), Words())
    assert said.fields[:2] == (("Old name", "(leave empty)"), ("Record name", "dkim._domainkey"))


def test_a_record_to_delete_needs_no_hints() -> None:
    fix = replace(ALIAS, action=FixAction.DELETE)
    assert say_fix(fix, ZONE, of("cloudflare"), Words()).hints == ()
    assert "switch" not in show_fix(fix, ZONE, Words(Medium.DISCORD), of("cloudflare"))


def test_a_profile_cannot_be_changed_by_what_reads_it() -> None:
    assert isinstance(of("cloudflare").words, MappingProxyType)
