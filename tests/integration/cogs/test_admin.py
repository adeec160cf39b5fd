"""The admin's side of requests: cards, buttons, forms and `/mailadmin`, on a simulated Discord."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
import pytest
import simcord.actors
from simcord.results import ResponseMessage

from bot.demo.dkim_keys import KEYS
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.world import mend
from bot.demo.zones import Zones
from bot.doctor.mailcow_access import check_mailcow
from bot.interactions.request_actions import draw_stage_card
from bot.interactions.request_answers import card_of
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.backend import DomainLimits, MailHosting
from bot.requests.evidence import dump_evidence, load_evidence, take_evidence
from bot.requests.limits import load_limits
from bot.requests.model import Actor, ActorKind, Change, Request, RequestKind, State
from bot.store.repositories.known_keys import KnownKeys
from discord_simulation import (
    BUTTON,
    answer_to,
    break_table,
    labels_of,
    text_of,
    walk,
    whisper_after,
)
from mailcow_helpers import READ, WRITE, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import ChannelHandle, MemberActor
    from simcord.results import InteractionResult

    from bot.requests.service import Requests
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

PENDING = ["Approve", "Deny", "Check again"]
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC4mQjFHgLqJTCSdwFdQNVIN2mMlG1xz4lB"


@dataclass
class AdminGuild:
    """A request channel with two admins: Ada by her role, Bob by his id."""

    sim: Simulation
    channel: ChannelHandle
    ada: MemberActor
    bob: MemberActor

    @property
    def requests(self) -> Requests:
        service = self.sim.client.requests
        assert service is not None
        return service

    async def ask(
        self, kind: RequestKind, name: str = "mover.example", who: MemberActor | None = None
    ) -> tuple[Request, ResponseMessage]:
        """Return a request with live evidence, and its card in the channel."""
        sim, member = self.sim, who or self.sim.ann
        domain = Domain.from_ascii(name)
        kept = await sim.client.member_service.check(domain, member.id)
        place = (sim.guild.id, sim.channel.id)
        evidence = dump_evidence(take_evidence(kept.report, MailHosting.ABSENT))
        opened = await self.requests.open(kind, domain, place, member.id, evidence=evidence)
        return opened.request, await self.post(opened.request)

    async def post(self, request: Request) -> ResponseMessage:
        """Return the card of a request, as the delivery posts it."""
        card = await card_of(self.sim.client, request)
        channel = self.sim.client.get_partial_messageable(self.channel.id)
        sent = await channel.send(view=card.view, files=list(card.files))
        stored = self.sim.env.backend.get_message(self.channel.id, sent.id)
        return ResponseMessage(self.sim.env, stored)

    async def now(self, request: Request) -> Request:
        """Return the request as it is now."""
        found = await self.requests.get(request.id)
        assert found is not None
        return found

    async def put(self, request: Request, state: State, **fields: Any) -> Request:
        """Bring a request to a state as the worker does."""

        def change(before: Request) -> Change:
            after = replace(before, state=state, **fields)
            return Change(after, Actor(ActorKind.BOT))

        store = self.requests._store
        return (await store.change(request.id, change, datetime.now(UTC)))[0]

    async def mailadmin(self, who: MemberActor, command: str, **options: Any) -> ResponseMessage:
        """Return the answer to a command of the admin's; it has to be private."""
        shown = answer_to(await who.slash(self.channel, f"mailadmin {command}", **options))
        assert shown.ephemeral
        return shown


@pytest.fixture
async def admins(sim: Simulation) -> AdminGuild:
    """The simulation with a request channel, two admins and no Mailcow."""
    role = sim.guild.create_role("Postmaster")
    channel = sim.guild.create_text_channel("requests")
    admin = discord.Permissions(administrator=True)
    staff = sim.guild.create_role("Staff", permissions=admin)
    ada = sim.guild.add_member(sim.env.create_user("ada"), roles=[role, staff])
    bob = sim.guild.add_member(sim.env.create_user("bob"), roles=[staff])
    sim.settings = sim.settings.model_copy(
        update={
            "admin_role_id": role.id,
            "admin_user_ids": (bob.id,),
            "request_channel_id": channel.id,
        }
    )
    await sim.restart()
    return AdminGuild(sim, channel, ada, bob)


@pytest.fixture
async def cow(admins: AdminGuild) -> AsyncIterator[MailcowDouble]:
    """A Mailcow with both keys, which the bot may write to."""
    double = MailcowDouble(
        keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)},
        keeps_connections=False,  # the simulation would wait 15 s for aiohttp to close an idle one
    )
    async with double, connect(double) as mailcow:
        client, backend = admins.sim.client, MailcowBackend(mailcow, "dkim")
        client.backend, client.examine_backend = backend, partial(check_mailcow, mailcow)
        admins.requests.capabilities = backend.capabilities
        yield double


async def test_the_card_shows_who_asks_for_what_and_the_evidence(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    text = text_of(card)
    assert f"Request #{request.id}: DKIM for `mover.example`" in text
    assert f"<@{admins.sim.ann.id}>" in text
    assert "🟡 **waiting for a decision**" in text
    assert "broken: " in text
    assert "Cow Mail does not have this domain." in text
    assert labels_of(card) == PENDING


async def test_the_card_names_another_member_who_asked_before(admins: AdminGuild) -> None:
    first, _ = await admins.ask(RequestKind.DMARC, who=admins.sim.ben)
    _, card = await admins.ask(RequestKind.DKIM)
    assert f"<@{admins.sim.ben.id}> (#{first.id} DMARC" in text_of(card)
    again = await admins.post(first)
    assert f"<@{admins.sim.ann.id}>" not in text_of(again)


async def test_a_member_is_refused_at_every_button_and_command(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    for label in PENDING:
        notice = answer_to(await admins.sim.ann.click(card, label=label))
        assert notice.ephemeral
        assert "Only admins" in text_of(notice)
    assert await admins.now(request) == request


@pytest.mark.parametrize(
    "action", ["approve", "deny", "check", "done", "retry", "add", "limits", "byhand"]
)
async def test_a_forged_custom_id_decides_nothing(admins: AdminGuild, action: str) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    result = await forge(admins.sim.ann, card, f"cowbell:req:{action}:{request.id}")
    assert "Only admins" in text_of(answer_to(result))
    assert await admins.now(request) == request


async def test_a_number_that_was_never_given_is_said_to_be_none(admins: AdminGuild) -> None:
    _, card = await admins.ask(RequestKind.WEBMAIL)
    result = await forge(admins.ada, card, f"cowbell:req:approve:{'9' * 18}")
    assert "There is no request" in text_of(answer_to(result))


async def test_who_lost_the_role_is_refused_at_the_next_click(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    admins.sim.env.backend.get_guild(admins.sim.guild.id).members[admins.ada.id].role_ids = []
    assert "Only admins" in text_of(answer_to(await admins.ada.click(card, label="Approve")))
    assert (await admins.now(request)).state is State.PENDING


@pytest.mark.parametrize("restarted", [False, True])
async def test_approve_decides_and_draws_the_card_anew(
    admins: AdminGuild, *, restarted: bool
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    if restarted:
        await admins.sim.restart()
    result = await admins.ada.click(card, label="Approve")
    assert not result.followups
    assert (await admins.now(request)).decided_by == admins.ada.id
    assert f"Decided by <@{admins.ada.id}>" in text_of(card)
    assert labels_of(card) == []


async def test_of_two_admins_one_wins_and_the_other_is_told_who_and_when(
    admins: AdminGuild,
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    old = await admins.post(request)
    await admins.ada.click(card, label="Approve")
    for label in ("Approve", "Deny"):
        again = await admins.post(request)
        notice = whisper_after(await admins.bob.click(again, label=label))
        assert "decided already" in text_of(notice)
        assert f"<@{admins.ada.id}>" in text_of(notice)
        assert "<t:" in text_of(notice)
        assert labels_of(again) == []
    assert labels_of(old) == PENDING
    assert (await admins.now(request)).decided_by == admins.ada.id


async def test_two_clicks_in_the_same_instant_come_to_one_decision(
    admins: AdminGuild, errors: LogWatch
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    results = await asyncio.gather(
        *(
            simcord.actors._component_click(who, card, label="Approve", custom_id=None)
            for who in (admins.ada, admins.bob)
        )
    )
    told = [message for result in results for message in result.followups]
    assert len(told) == 1
    assert len(await admins.requests.audit(request.id)) == 2


async def test_deny_asks_for_a_reason_and_keeps_it(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.bob.click(card, label="Deny")
    await admins.bob.submit_modal(form, {"reason": "Not **yours**, @everyone"})
    denied = await admins.now(request)
    assert (denied.state, denied.decided_by) == (State.DENIED, admins.bob.id)
    assert denied.reason == "Not **yours**, @everyone"
    assert "Not \\*\\*yours\\*\\*, \\@everyone" in text_of(card)
    assert labels_of(card) == []


async def test_a_reason_of_spaces_alone_denies_nothing(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.bob.click(card, label="Deny")
    result = await admins.bob.submit_modal(form, {"reason": "   "})
    assert "Say why" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_form_counts_for_nobody_who_lost_the_right_meanwhile(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Deny")
    admins.sim.env.backend.get_guild(admins.sim.guild.id).members[admins.ada.id].role_ids = []
    result = await admins.ada.submit_modal(form, {"reason": "no"})
    assert "Only admins" in text_of(answer_to(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_form_that_comes_after_the_decision_is_told_so(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    form = await admins.bob.click(card, label="Deny")
    await admins.ada.click(card, label="Approve")
    result = await admins.bob.submit_modal(form, {"reason": "no"})
    assert f"<@{admins.ada.id}>" in text_of(whisper_after(result))
    assert (await admins.now(request)).decided_by == admins.ada.id


async def test_without_mailcow_the_dkim_value_is_pasted(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    inputs = [part for part in walk_form(form.modal) if part.get("custom_id") == "selector"]
    assert inputs[0]["value"] == "dkim"
    value = await a_key()
    result = await admins.ada.submit_modal(form, {"value": value, "selector": "Cow1"})
    assert not result.followups
    approved = await admins.now(request)
    assert approved.state is State.APPROVED
    assert (approved.by_hand, approved.selector) == (True, "cow1")
    assert approved.value.startswith("v=DKIM1")


async def test_a_value_is_taken_out_of_what_was_pasted_around_it(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    value = await a_key()
    strings = f"\u201c{value[:99]}\u201d\n \u201c{value[99:]}\u201d"
    pasted = f"```dns\ndkim._domainkey IN TXT ( {strings} )\n```"
    await admins.ada.submit_modal(form, {"value": pasted, "selector": "dkim"})
    assert (await admins.now(request)).value == value


async def test_what_is_wrong_with_a_value_is_said_with_its_place(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    value = await a_key()
    pasted = f"{value[:99]}\u2014{value[99:]}"
    result = await admins.ada.submit_modal(form, {"value": pasted, "selector": "dkim"})
    notice = result.followups[0] if result.followups else answer_to(result)
    assert f"character 100 of {len(pasted)}" in text_of(notice)
    assert "em dash" in text_of(notice)
    assert await admins.now(request) == request


@pytest.mark.parametrize(
    ("value", "selector"),
    [("hello", "dkim"), (KEY, "dkim"), ("", "a b"), ("v=spf1 -all", "dkim")],
    ids=["text", "cut off", "selector", "another record"],
)
async def test_what_is_no_key_is_refused_before_it_is_taken(
    admins: AdminGuild, value: str, selector: str
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    values = {"value": value or await a_key(), "selector": selector}
    result = await admins.ada.submit_modal(form, values)
    notice = result.followups[0] if result.followups else answer_to(result)
    assert notice.ephemeral
    assert await admins.now(request) == request
    assert labels_of(card) == PENDING


async def test_with_the_write_key_dkim_is_approved_at_once(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    result = await admins.ada.click(card, label="Approve")
    assert result.modal is None
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand, approved.value) == (State.APPROVED, False, "")


async def test_check_again_puts_fresh_evidence_on_the_card(admins: AdminGuild) -> None:
    _, card = await admins.ask(RequestKind.DKIM)
    before = text_of(card)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    result = await admins.ada.click(card, label="Check again")
    assert not result.followups
    assert text_of(card) != before
    assert "waiting for a decision" in text_of(card)
    assert labels_of(card) == PENDING


async def test_fresh_evidence_stays_on_the_card_after_the_decision(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    assert "broken: " in text_of(card)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    await admins.ada.click(card, label="Check again")
    fresh = [line for line in text_of(card).splitlines() if "✅ right:" in line]
    assert "broken: " not in text_of(card)
    await admins.ada.click(card, label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert [line for line in text_of(card).splitlines() if "✅ right:" in line] == fresh
    assert "broken: " not in text_of(card)
    again = await admins.mailadmin(admins.bob, "show", number=request.id)
    assert "broken: " not in text_of(again)


async def test_the_evidence_of_a_choice_stays_on_the_card(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.select(choice, ["none"])
    shown = text_of(await admins.mailadmin(admins.bob, "show", number=request.id))
    assert "broken: " not in shown
    assert "does not have this domain" in shown  # nobody looked there anew


async def test_strict_dmarc_is_not_offered_without_proof(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert choice.ephemeral
    assert "Only `p=none` can be approved" in text_of(choice)
    assert stages_of(choice) == ["none"]
    assert (await admins.now(request)).state is State.PENDING
    result = await admins.ada.select(choice, ["none"])
    assert not result.followups
    assert f"Request #{request.id}" in text_of(choice)
    approved = await admins.now(request)
    assert (approved.state, approved.stage) == (State.APPROVED, "none")


async def test_strict_dmarc_is_approved_where_spf_and_dkim_are_right(admins: AdminGuild) -> None:
    domain = Domain.from_ascii("friend.example")
    keys = KnownKeys(admins.sim.client._fingerprints._database)
    value = f"v=DKIM1; k=rsa; p={KEYS['friend']}"
    await keys.learn(domain, "dkim", value, KeySource.ADMIN, datetime.now(UTC))
    request, card = await admins.ask(RequestKind.DMARC, domain.ascii)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert "a strict policy is safe" in text_of(choice)
    assert "Publish this once" not in text_of(choice)
    assert stages_of(choice) == ["none", "quarantine", "reject"]
    await admins.ada.select(choice, ["reject"])
    assert (await admins.now(request)).stage == "reject"
    assert await admins.requests.approved_stage(domain) == "reject"


async def test_a_domain_that_does_not_agree_to_reports_is_named(admins: AdminGuild) -> None:
    admins.sim.client.member_service.server = replace(
        admins.sim.client.member_service.server,
        dmarc="v=DMARC1; p=reject; rua=mailto:r@oldpost.example",
    )
    _, card = await admins.ask(RequestKind.DMARC)
    text = text_of(answer_to(await admins.ada.click(card, label="Approve")))
    assert "The reports go to `oldpost.example`" in text
    assert "`*._report._dmarc.oldpost.example" in text


async def test_help_shows_the_admins_commands_to_admins_alone(admins: AdminGuild) -> None:
    for who, shown in ((admins.ada, True), (admins.sim.ann, False)):
        text = text_of(answer_to(await who.slash(admins.sim.channel, "help")))
        assert ("</mailadmin queue:" in text) is shown


async def test_a_mail_domain_that_failed_can_be_added_by_hand(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.click(choice, label="Add it with these limits")
    card = await admins.post(await fail(admins, request))
    await admins.ada.click(card, label="I add it by hand")
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)
    assert labels_of(card) == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_limits_that_an_admin_types_are_kept_and_the_others_are_as_usual(
    admins: AdminGuild, cow: MailcowDouble, *, restarted: bool
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    cow.default_template["max_num_mboxes_for_domain"] = 3
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert "Mailboxes: at most 3" in text_of(choice)
    form = await admins.ada.click(choice, label="Add it with other limits")
    if restarted:
        backend = admins.sim.client.backend
        await admins.sim.restart()
        admins.sim.client.backend = backend
        admins.requests.capabilities = backend.capabilities
    await admins.ada.submit_modal(form, {"aliases": "7", "domain_quota": "0.5"})
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, False)
    assert load_limits(approved.limits) == DomainLimits(aliases=7, domain_quota=512)
    assert "approved" in text_of(choice)


async def test_what_is_no_limit_is_refused_and_nothing_approved(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    form = await admins.ada.click(choice, label="Add it with other limits")
    result = await admins.ada.submit_modal(form, {"mailboxes": "many"})
    assert "is no limit for mailboxes" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_failed_mail_domain_can_be_added_with_other_limits(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, _ = await admins.ask(RequestKind.MAILDOMAIN)
    card = await admins.post(await fail(admins, request))
    form = await admins.ada.click(card, label="Add it with other limits")
    await admins.ada.submit_modal(form, {"mailbox_quota": "2"})
    approved = await admins.now(request)
    assert approved.state is State.APPROVED
    assert load_limits(approved.limits) == DomainLimits(mailbox_quota=2048)


async def test_limits_that_mailcow_does_not_tell_are_left_out(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    _, card = await admins.ask(RequestKind.MAILDOMAIN)
    cow.mood = MailcowFault.BROKEN
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert "with the limits that new domains have there" in text_of(choice)
    assert "at most" not in text_of(choice)


async def test_a_form_of_limits_that_comes_after_the_decision_is_told_so(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    _, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    form = await admins.ada.click(choice, label="Add it with other limits")
    again = answer_to(await admins.bob.click(card, label="Approve"))
    await admins.bob.click(again, label="Add it with these limits")
    result = await admins.ada.submit_modal(form, {"mailboxes": "1"})
    shown = result.followups[0] if result.followups else choice
    assert "decided already" in text_of(shown)


async def test_a_forged_strict_stage_is_not_approved(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    data = {"custom_id": f"cowbell:req:stage:{request.id}", "component_type": 3}
    stored = admins.sim.env.backend.get_message(choice.channel_id, choice.id)
    await simcord.actors._component_interaction(admins.ada, stored, {**data, "values": ["reject"]})
    assert (await admins.now(request)).state is State.PENDING
    assert stages_of(choice) == ["none"]


async def test_a_member_cannot_choose_a_stage(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.DMARC)
    client = admins.sim.client
    report = (await client.member_service.check(request.domain, admins.ada.id)).report
    card = await draw_stage_card(client, request, report)
    sent = await client.get_partial_messageable(admins.channel.id).send(view=card.view)
    stored = admins.sim.env.backend.get_message(admins.channel.id, sent.id)
    choice = ResponseMessage(admins.sim.env, stored)
    assert "Only admins" in text_of(answer_to(await admins.sim.ann.select(choice, ["none"])))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_mail_domain_is_added_after_its_limits_were_shown(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert choice.ephemeral
    assert "Mailboxes: at most 10" in text_of(choice)
    assert labels_of(choice) == [
        "Add it with these limits",
        "Add it with other limits",
        "I add it by hand",
    ]
    assert (await admins.now(request)).state is State.PENDING
    await admins.ada.click(choice, label="Add it with these limits")
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, False)
    assert labels_of(choice) == []


async def test_a_mail_domain_can_be_added_by_hand(admins: AdminGuild, cow: MailcowDouble) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.click(choice, label="I add it by hand")
    assert (await admins.now(request)).by_hand


async def test_without_the_write_key_a_mail_domain_is_the_admins_work(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    await admins.ada.click(card, label="Approve")
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)
    waiting = await admins.put(await admins.put(approved, State.WORKING), State.WAITING)
    card = await admins.post(waiting)
    assert "Add `mover.example` in Cow Mail" in text_of(card)
    assert labels_of(card) == ["I did it", "Check again"]
    await admins.ada.click(card, label="I did it")
    assert (await admins.now(request)).state is State.LIVE


async def test_a_failed_request_is_retried_by_its_button(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    failed = await fail(admins, request)
    card = await admins.post(failed)
    assert "Mailcow did not answer" in text_of(card)
    assert labels_of(card) == ["Retry", "Paste the key", "Deny", "Check again"]
    await admins.bob.click(card, label="Retry")
    assert (await admins.now(request)).state is State.APPROVED
    old = await admins.post(failed)
    notice = whisper_after(await admins.ada.click(old, label="Retry"))
    assert "<t:" in text_of(notice)


async def test_a_failed_request_takes_a_pasted_key_instead(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    card = await admins.post(await fail(admins, request))
    form = await admins.ada.click(card, label="Paste the key")
    await admins.ada.submit_modal(form, {"value": await a_key(), "selector": "dkim"})
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)


async def test_mailadmin_is_hidden_and_refused_for_members(admins: AdminGuild) -> None:
    command = admins.sim.client.tree.get_command("mailadmin")
    assert command is not None
    assert command.to_dict(admins.sim.client.tree)["default_member_permissions"] == 8
    role = admins.sim.guild.create_role(
        "Moderators", permissions=discord.Permissions(administrator=True)
    )
    user = admins.sim.env.create_user("mod")
    moderator = admins.sim.guild.add_member(user, roles=[role])
    for name, options in (
        ("queue", {}),
        ("setup", {}),
        ("show", {"number": 1}),
        ("audit", {"number": 1}),
        ("retry", {"number": 1}),
    ):
        shown = await admins.mailadmin(moderator, name, **options)
        assert "Only admins" in text_of(shown)


async def test_queue_lists_what_waits_for_the_admin(admins: AdminGuild) -> None:
    assert "Nothing waits for you" in text_of(await admins.mailadmin(admins.ada, "queue"))
    first, _ = await admins.ask(RequestKind.DKIM)
    second, card = await admins.ask(RequestKind.WEBMAIL)
    await admins.ada.click(card, label="Approve")
    text = text_of(await admins.mailadmin(admins.bob, "queue"))
    assert "1 request waits for you; 1 more under way" in text
    assert f"**#{first.id}** DKIM `mover.example`" in text
    assert f"**#{second.id}**" not in text


async def test_show_gives_a_card_whose_buttons_work(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.WEBMAIL)
    card = await admins.mailadmin(admins.ada, "show", number=request.id)
    assert labels_of(card) == PENDING
    await admins.ada.click(card, label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert "no request" in text_of(await admins.mailadmin(admins.ada, "show", number=99))


async def test_audit_tells_who_did_what(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    await admins.ada.click(card, label="Approve")
    for options in ({"number": request.id}, {}):
        text = text_of(await admins.mailadmin(admins.bob, "audit", **options))
        assert f"Admin <@{admins.ada.id}>: waiting for a decision → **approved" in text
        assert f"Member <@{admins.sim.ann.id}>" in text


async def test_retry_by_number_tells_what_it_came_to(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    await fail(admins, request)
    text = text_of(await admins.mailadmin(admins.bob, "retry", number=request.id))
    assert "approved" in text
    text = text_of(await admins.mailadmin(admins.bob, "retry", number=request.id))
    assert f"<@{admins.bob.id}>" in text
    assert "no request" in text_of(await admins.mailadmin(admins.bob, "retry", number=99))


async def test_setup_says_that_everything_works(admins: AdminGuild, cow: MailcowDouble) -> None:
    card = await admins.mailadmin(admins.ada, "setup")
    text = text_of(card)
    parts = ("Admins", "Request channel", "Mailcow", "Mailcow, reading", "Mailcow, writing")
    for part in (
        *parts,
        "Resolver `{}:{}`".format(*admins.sim.dns.address),
        "Mail host",
        "Database",
    ):
        assert f"✅ **{part}**" in text, text
    assert labels_of(card) == []


async def test_setup_names_each_thing_that_is_wrong_with_a_remedy(
    admins: AdminGuild, cow: MailcowDouble, errors: LogWatch
) -> None:
    cow.keys[READ].active = False
    everyone = admins.sim.guild.default_role
    hidden = admins.sim.guild.create_text_channel(
        "hidden", overwrites={everyone: discord.PermissionOverwrite(send_messages=False)}
    )
    client = admins.sim.client
    client.settings = client.settings.model_copy(update={"request_channel_id": hidden.id})
    break_table(admins.sim, "recent_domain")
    admins.sim.dns.zones = Zones.of((), outside="refused")
    card = await admins.mailadmin(admins.ada, "setup")
    text = text_of(card)
    assert "❌ **Request channel**" in text
    assert "Send Messages" in text
    assert "❌ **Mailcow**" in text
    assert "❓ **Mail host**" in text
    assert "❌ **Database**" in text
    assert labels_of(card) == ["Call the mail server again"]
    calls = len(cow.calls)
    await admins.mailadmin(admins.ada, "setup")
    assert len(cow.calls) == calls  # a refused key is not tried again by itself
    cow.keys[READ].active = True
    await admins.ada.click(card, label="Call the mail server again")
    assert "✅ **Mailcow**" in text_of(card)
    assert labels_of(card) == []


async def test_setup_says_that_the_channel_is_gone(admins: AdminGuild) -> None:
    client = admins.sim.client
    client.settings = client.settings.model_copy(update={"request_channel_id": 4242})
    text = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "there is no channel `4242`" in text
    assert "ℹ️ **Mailcow**: not set: `MAILCOW_URL`" in text


async def test_a_member_cannot_have_mailcow_called_again(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    cow.keys[READ].active = False
    card = await admins.mailadmin(admins.ada, "setup")
    assert labels_of(card) == ["Call the mail server again"]
    calls = len(cow.calls)
    _, public = await admins.ask(RequestKind.DKIM)
    notice = answer_to(await forge(admins.sim.ann, public, "cowbell:mailcow:unlock"))
    assert "Only admins" in text_of(notice)
    assert len(cow.calls) == calls


async def test_commands_say_that_requests_are_off(admins: AdminGuild) -> None:
    admins.sim.client.requests = None
    text = text_of(await admins.mailadmin(admins.ada, "queue"))
    assert "`REQUEST_CHANNEL_ID`" in text


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"at": 1, "checks": {}}', '{"at":"x"}'])
def test_evidence_of_another_version_is_none(text: str) -> None:
    assert load_evidence(text) is None


async def fail(admins: AdminGuild, request: Request) -> Request:
    """Return the request after Mailcow did not answer."""
    working = await admins.put(request, State.WORKING)
    return await admins.put(working, State.FAILED, reason="Mailcow did not answer.")


async def forge(who: MemberActor, card: ResponseMessage, custom_id: str) -> InteractionResult:
    """Press a button of a card under another custom_id, as one that is copied there would be."""
    stored = who._env.backend.get_message(card.channel_id, card.id)
    buttons = [part for part in walk(stored.components) if part["type"] == BUTTON]
    for number, button in enumerate(buttons):
        button["custom_id"] = custom_id if number == 0 else f"old:{number}"
    return await simcord.actors._component_click(who, card, label=None, custom_id=custom_id)


async def a_key() -> str:
    """Return a sound DKIM value."""
    return f"v=DKIM1; k=rsa; p={(await asyncio.to_thread(DkimPair.make, 'dkim')).public}"


def stages_of(card: ResponseMessage) -> list[str]:
    """Return the values of a card's choice."""
    return [option["value"] for part in walk(card.components) for option in part.get("options", ())]


def walk_form(modal: Any) -> list[dict[str, Any]]:
    """Return the fields of a form."""
    return [label["component"] for label in modal["components"] if "component" in label]
