"""The card of an incident: what broke, what to type, what changed, and that it is right again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from discord import ui

from bot.cards.incident_card import build_incident_card
from bot.cards.layout import STATUS_COLOURS
from bot.checks.finding import Check, Finding, Status
from bot.interactions.item_factory import PersistentItems
from bot.watch.watch_news import IncidentsTold
from bot.words import Medium, Words
from watch_examples import (
    BEGAN,
    calm,
    ended,
    incident,
    missing,
    port_incident,
    server_incident,
    told_of_mx,
)
from zone_reports import SERVER

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)


def view_of(told: IncidentsTold, *, history: str = "") -> ui.LayoutView:
    return build_incident_card(told, SERVER, WORDS, ITEMS, history=history).view


def text_of(told: IncidentsTold, *, history: str = "") -> str:
    items = view_of(told, history=history).walk_children()
    return "\n".join(item.content for item in items if isinstance(item, ui.TextDisplay))


def colour_of(told: IncidentsTold) -> object:
    container = view_of(told).children[0]
    assert isinstance(container, ui.Container)
    return container.accent_colour


def custom_ids(told: IncidentsTold) -> list[str]:
    found = (getattr(item, "custom_id", None) for item in view_of(told).walk_children())
    return [str(each) for each in found if each]


def test_what_broke_is_said_with_its_time_its_record_and_what_changed() -> None:
    said = text_of(told_of_mx())
    assert said.startswith("## ❌ `friend.example`\n**Something broke, and a second check")
    began = int(BEGAN.timestamp())
    assert f"❌ **MX** · broken since <t:{began}:f> (<t:{began}:R>)" in said
    assert "10 mx1.cow.example" in said.partition("**Add**")[2]
    before = said.partition("**What changed before**")[2]
    day = f"<t:{began - 86400}:R>"
    assert f"{day} The name servers" in before
    assert f"{day} MX went from right to broken. `10 mx1.cow.example` is gone." in before


def test_a_member_reads_why_they_are_told_and_an_admin_where_the_history_is() -> None:
    assert "You got this because you watch the domain." in text_of(told_of_mx())
    admins = text_of(told_of_mx(), history="/history")
    assert "`/history` shows what changed before." in admins
    assert "you watch" not in admins


def test_several_incidents_of_one_domain_stand_in_one_message() -> None:
    said = text_of(
        IncidentsTold(
            (incident(), incident(missing(Check.SPF), 2), incident(missing(Check.DMARC), 3))
        )
    )
    assert "**Several things broke, and a second check saw it too.**" in said
    assert "❌ **MX**" in said
    assert "❌ **SPF**" in said
    assert "⚠️ **DMARC**" in said


def test_what_looks_right_again_says_until_when_it_is_looked_at() -> None:
    again = calm(incident(), relapses=3)
    until = again.calm_until
    assert until is not None
    said = text_of(IncidentsTold((again,)))
    assert "🕓 **MX** · looks right since" in said
    assert "It came back 3 times meanwhile." in said
    assert f"It counts as fixed if it stays right until <t:{int(until.timestamp())}:f>" in said
    assert colour_of(IncidentsTold((again,))) != colour_of(told_of_mx())


def test_one_that_looks_right_does_not_hide_one_that_is_broken() -> None:
    told = IncidentsTold((calm(incident()), incident(missing(Check.SPF), 2)))
    said = text_of(told)
    assert said.startswith("## ❌ `friend.example`")
    assert "**Something broke" in said
    assert "🕓 **MX**" in said


def test_the_end_is_said_in_green_with_how_long_it_was_broken() -> None:
    told = IncidentsTold(closed=(ended(incident()),))
    said = text_of(told)
    assert said.startswith("## ✅ `friend.example`\n**This is right again, and it stayed so.**")
    assert "✅ **MX** · right since" in said
    assert "after 4 hours" in said
    assert getattr(colour_of(told), "value", colour_of(told)) == STATUS_COLOURS[Status.PASS]


def test_the_buttons_lead_to_a_new_check_and_to_what_is_handed_in() -> None:
    assert custom_ids(told_of_mx()) == ["cowbell:new:friend.example"]
    more = ITEMS.qr_button()
    card = build_incident_card(told_of_mx(), SERVER, WORDS, ITEMS, buttons=[more])
    row = card.view.children[-1]
    assert isinstance(row, ui.ActionRow)
    assert [getattr(item, "custom_id", "") for item in row.children][1:] == ["cowbell:qr"]


def test_a_domain_too_long_for_a_button_is_told_without_one() -> None:
    name = ".".join(["x" * 60] * 3 + ["example"])
    told = IncidentsTold((incident(subject=name),))
    assert custom_ids(told) == []
    assert name in text_of(told)


def test_the_other_spelling_of_a_name_stands_beside_it() -> None:
    said = text_of(IncidentsTold((incident(subject="xn--mller-kva.example"),)))
    assert said.startswith("## ❌ `xn--mller-kva.example` (`müller.example`)")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("spf-include", "does not let the mail server itself send"),
        ("host-without-address", "the mail host has no address"),
        ("certificate-ends", "the certificate ends soon"),
    ],
)
def test_the_servers_own_fault_is_said_to_admins_in_words(what: str, words: str) -> None:
    told = IncidentsTold((server_incident(what),))
    said = text_of(told)
    assert said.startswith("## ⚠️ Mail server `mx1.cow.example`")
    assert "No domain is blamed for it." in said
    assert words in said
    assert what not in said
    assert "`/mailadmin server` says what to do" in said
    assert custom_ids(told) == ["cowbell:server:again"]


@pytest.mark.parametrize("code", ["dns-resolver-silent", "dns-resolver-rewrites"])
def test_a_resolver_that_is_at_fault_is_named_by_its_variable(code: str) -> None:
    finding = Finding(Check.DELEGATION, code, Status.UNKNOWN)
    of = replace(server_incident(code), finding=finding)
    assert "`DNS_SERVERS`" in text_of(IncidentsTold((of,)))


def test_what_the_servers_report_found_is_said_in_its_own_words() -> None:
    said = text_of(IncidentsTold((port_incident(),)))
    assert "❌ **Ports** · broken since" in said
    assert "Nobody listens on `IMAP 993`" in said


def test_without_an_incident_there_is_no_card() -> None:
    with pytest.raises(ValueError, match="no incident"):
        view_of(IncidentsTold())


def test_a_fault_that_an_earlier_version_wrote_down_is_told_without_its_words() -> None:
    told = IncidentsTold((incident(Finding(Check.MX, "mx-of-former-times", Status.FAIL)),))
    assert "❌ **MX** · broken since" in text_of(told)
    assert "A new check says what is wrong." in text_of(told)


def test_what_nobody_looks_at_any_more_is_not_said_to_be_right() -> None:
    left = replace(incident(), closed_at=BEGAN + timedelta(days=3))
    said = text_of(IncidentsTold((left,)))
    assert said.startswith(
        "## \N{HEAVY MINUS SIGN} `friend.example`\n**I do not look at this domain any more"
    )
    assert "right" not in said
