"""Every slash command on a simulated Discord, over the real core, store and resolver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.interactions import replies
from bot.interactions.rate_limits import Cooldown
from bot.requests.model import RequestKind
from discord_simulation import (
    ON_CARD,
    ON_DETAILS,
    answer_to,
    break_table,
    labels_of,
    text_of,
    walk,
)
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]

WITH_A_DOMAIN = {"dnsrecords", "dnscheck", "history", *RequestKind}
COMMANDS = {"mailsettings", "help", "privacy", "requests", "testmail", *WITH_A_DOMAIN}  # of members
GROUPS = {"watch"}  # of members' commands


async def test_settings_fill_in_the_user_name_and_link_to_the_pages(sim: Simulation) -> None:
    card = answer_to(await sim.ann.slash(sim.channel, "mailsettings", address="ann@friend.example"))
    assert card.ephemeral
    said = text_of(card)
    assert "`ann@friend.example`" in said
    assert "`mx1.cow.example`" in said
    assert said.index("993") < said.index("143")
    assert said.index("465") < said.index("587")
    assert r"admin\@cow.example" in said
    links = [part["url"] for part in walk(card.components) if part.get("style") == 5]
    assert links == ["https://mx1.cow.example/SOGo/", "https://mx1.cow.example/"]


async def test_settings_without_an_address_show_the_form_of_a_user_name(sim: Simulation) -> None:
    card = answer_to(await sim.ann.slash(sim.channel, "mailsettings"))
    assert card.ephemeral
    assert "you@friend.example" in text_of(card)


async def test_records_can_be_copied_and_come_as_a_zone_file(sim: Simulation) -> None:
    first = answer_to(await sim.ann.slash(sim.channel, "dnsrecords", domain="newcomer.example"))
    card = answer_to(await sim.ann.click(first, label="All records"))
    assert card.ephemeral
    said = text_of(card)
    assert "```\nv=spf1 include:_spf.cow.example -all\n```" in said
    assert "```\nmx1.cow.example.\n```" in said
    assert "`_dmarc.newcomer.example`" in said
    assert "`10 mx1.cow.example.`" in said
    assert [file.filename for file in card.attachments] == ["newcomer.example.zone.txt"]


async def test_a_check_says_what_follows_and_what_to_do_next(sim: Simulation) -> None:
    card = await sim.check("newcomer.example")
    assert card.ephemeral
    title, headline, lights, step, *rest = text_of(card).splitlines()
    assert "❌ `newcomer.example`" in title
    assert "does not arrive: there is no MX record" in headline
    assert lights == "❌ MX · ❌ SPF · \N{HEAVY MINUS SIGN} DKIM · ⚠️ DMARC"
    assert re.match(r"### Step \d of \d: ", step)
    assert "mx1.cow.example." in rest  # to be copied
    assert re.search(r"Checked <t:\d+:R>", rest[-1])
    assert labels_of(card) == ON_CARD


async def test_all_details_say_the_steps_first_and_offer_four_buttons(sim: Simulation) -> None:
    card = await sim.details("mover.example")
    assert card.ephemeral
    said = text_of(card)
    assert "**1. MX**" in said
    assert said.index("**1. MX**") < said.index("Expected: `10 mx1.cow.example.`")
    assert "`mx.oldpost.example.`" in said
    assert "broken" in said
    assert re.search(r"<t:\d+:R>", said)
    assert labels_of(card) == ON_DETAILS


@pytest.mark.parametrize("command", ["dnscheck", "dnsrecords"])
async def test_a_domain_that_was_taken_out_of_a_link_is_remarked(
    sim: Simulation, command: str
) -> None:
    result = await sim.ann.slash(sim.channel, command, domain="https://friend.example/shop")
    said = text_of(answer_to(result)).replace("\\", "")
    assert "`friend.example`" in said
    assert "I took friend.example out of https://friend.example/shop." in said


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("dnscheck", {"domain": "localhost"}, "single word"),
    ("dnscheck", {"domain": "192.0.2.1"}, "IP address"),
    ("dnscheck", {"domain": "@everyone"}, "single word"),
    ("dnscheck", {"domain": "`x`.example"}, "IDNA"),
    ("dnscheck", {"domain": "a" * 6000}, "6,000 characters"),
    ("dnscheck", {"domain": "{{ 7 + 7 }}.example"}, "{{ 7 + 7 }}"),
    ("dnsrecords", {"domain": "_dmarc.friend.example"}, "Leave out"),
    ("dnsrecords", {"domain": "friend\u202e.example"}, "invisible"),
    ("mailsettings", {"address": "friend.example"}, "has no @"),
    ("mailsettings", {"address": "<@&1> **x**@friend.example"}, "before the"),
]


async def test_what_is_no_name_is_refused_in_one_private_sentence(sim: Simulation) -> None:
    for command, options, part in REFUSED:
        result = await sim.ann.slash(sim.channel, command, **options)
        card = answer_to(result)
        assert card.ephemeral
        assert not result.followups
        assert part in text_of(card).replace("\\", "")
        assert "`" not in text_of(card).replace("\\`", "")
    assert not sim.dns.asked


async def test_commands_work_in_a_direct_message(sim: Simulation) -> None:
    for name in COMMANDS:
        options = {"domain": "friend.example"} if name in WITH_A_DOMAIN else {}
        assert answer_to(await sim.ann.user.slash(name, **options)).ephemeral


async def test_commands_are_for_servers_direct_messages_and_installing_members(
    sim: Simulation,
) -> None:
    registered = {command.name: command for command in await sim.client.tree.fetch_commands()}
    assert set(registered) == {*COMMANDS, *GROUPS, "mailadmin"}
    for command in sim.client.tree.get_commands():
        if command.name == "mailadmin":
            continue
        payload = command.to_dict(sim.client.tree)
        assert sorted(payload["contexts"]) == [0, 1, 2], command.name
        assert sorted(payload["integration_types"]) == [0, 1], command.name


async def test_help_lists_every_command_to_be_clicked_also_after_a_restart(sim: Simulation) -> None:
    before = text_of(answer_to(await sim.ann.slash(sim.channel, "help")))
    assert set(re.findall(r"</(\w+):\d+>", before)) == COMMANDS
    assert set(re.findall(r"</(\w+) \w+:\d+>", before)) == GROUPS
    await sim.restart()
    assert text_of(answer_to(await sim.ann.slash(sim.channel, "help"))) == before


async def test_help_shows_what_admins_can_do_to_admins_alone(sim: Simulation) -> None:
    sim.settings = sim.settings.model_copy(update={"admin_user_ids": (sim.ben.id,)})
    await sim.restart()
    said = text_of(answer_to(await sim.ben.slash(sim.channel, "help")))
    assert "### For admins" in said
    assert re.search(r"</mailadmin queue:\d+> What waits", said)
    assert "mailadmin" not in text_of(answer_to(await sim.ann.slash(sim.channel, "help")))


async def test_help_shows_what_each_command_does(sim: Simulation) -> None:
    said = text_of(answer_to(await sim.ann.slash(sim.channel, "help")))
    for command in sim.client.tree.get_commands():
        if command.name in COMMANDS:
            assert command.to_dict(sim.client.tree)["description"] in said


async def test_choices_are_the_domains_that_this_member_asked_about(sim: Simulation) -> None:
    await sim.check("friend.example", sim.ann)
    await sim.ann.slash(sim.channel, "dnsrecords", domain="bücher.example")
    await sim.check("mover.example", sim.ben)
    sim.dns.forget()
    offered = await sim.ann.autocomplete(sim.channel, "dnscheck", "domain", "")
    assert [choice["value"] for choice in offered] == ["xn--bcher-kva.example", "friend.example"]
    assert [choice["name"] for choice in offered] == ["bücher.example", "friend.example"]
    only = await sim.ben.autocomplete(sim.channel, "dnsrecords", "domain", "mo")
    assert [choice["value"] for choice in only] == ["mover.example"]
    assert await sim.ben.autocomplete(sim.channel, "dnsrecords", "domain", "fr") == []
    assert not sim.dns.asked


async def test_choices_keep_to_discords_limits(sim: Simulation) -> None:
    longest = ".".join(["a" * 60] * 3) + ".example"
    for name in [longest, *(f"n{number}.example" for number in range(30))]:
        await sim.ann.slash(sim.channel, "dnsrecords", domain=name)
    offered = await sim.ann.autocomplete(sim.channel, "dnscheck", "domain", "")
    assert len(offered) == 25
    assert await sim.ann.autocomplete(sim.channel, "dnscheck", "domain", "aaa") == []


async def test_choices_stay_away_where_the_store_fails(sim: Simulation) -> None:
    break_table(sim, "recent_domain")
    assert await sim.ann.autocomplete(sim.channel, "dnscheck", "domain", "f") == []


async def test_nothing_is_asked_or_kept_before_discord_has_its_acknowledgement(
    sim: Simulation,
) -> None:
    sim.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
    await sim.ann.slash(sim.channel, "dnscheck", domain="friend.example")
    assert not sim.dns.asked
    assert await sim.ann.autocomplete(sim.channel, "dnscheck", "domain", "") == []


async def test_a_check_that_is_quicker_than_the_patience_shows_no_progress(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "PROGRESS_AFTER", MAX_WAIT)  # a busy machine needs longer at times
    await sim.check("friend.example")
    edits = [r for r in sim.env.http_requests if r.method == "PATCH"]
    assert len(edits) == 1


async def test_a_seventh_check_in_a_minute_is_refused_to_that_member_alone(sim: Simulation) -> None:
    time = 1000.0
    sim.client.limits.checks = Cooldown(6, 60.0, lambda: time)
    for _ in range(6):
        assert labels_of(await sim.check("friend.example"))
        time += 5.0
    sim.dns.forget()
    refused = await sim.check("friend.example")
    assert refused.ephemeral
    assert "6 times a minute" in text_of(refused)
    assert "in 30 seconds" in text_of(refused)
    assert not sim.dns.asked
    assert labels_of(await sim.check("friend.example", sim.ben))
    time += 30.0
    assert labels_of(await sim.check("friend.example"))


async def test_what_is_no_name_costs_no_check(sim: Simulation) -> None:
    for _ in range(7):
        await sim.check("localhost")
    assert labels_of(await sim.check("friend.example"))
