"""A Discord server with admins who decide about requests on their cards."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
import simcord.actors
from simcord.results import ResponseMessage

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.doctor.mailcow_access import check_mailcow
from bot.interactions.request_answers import card_of
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.requests.backend import MailHosting
from bot.requests.evidence import dump_evidence
from bot.requests.model import Actor, ActorKind, Change, Request, RequestKind, State
from bot.services.domain_facts import KnownFacts
from bot.services.request_evidence import gather_evidence
from discord_simulation import BUTTON, answer_to, walk
from mailcow_helpers import READ, WRITE, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import ChannelHandle, MemberActor
    from simcord.results import InteractionResult

    from bot.requests.service import Requests
    from discord_simulation import Simulation

PENDING = [
    "Approve",
    "Deny",
    "Check again",
    "Full check",
]  # the buttons of a card that waits for a decision


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
        service = sim.client.member_service
        kept = await service.check(domain, member.id)
        plan = await service.plan(kept, confidential=False)
        known = KnownFacts(KeyUnknown(), hosting=MailHosting.ABSENT)
        seen = gather_evidence(kind, kept.report, plan, known, service.server)
        place, evidence = (sim.guild.id, sim.channel.id), dump_evidence(seen)
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


async def open_admin_guild(sim: Simulation) -> AdminGuild:
    """Return the simulation with a request channel, two admins and no Mailcow."""
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


@asynccontextmanager
async def open_mailcow(admins: AdminGuild) -> AsyncIterator[MailcowDouble]:
    """Yield a Mailcow with both keys, which the bot may write to."""
    double = MailcowDouble(
        keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)},
        keeps_connections=False,  # the simulation would wait 15 s for aiohttp to close an idle one
    )
    async with double, connect(double) as mailcow:
        client, backend = admins.sim.client, MailcowBackend(mailcow, "dkim")
        client.backend, client.examine_backend = backend, partial(check_mailcow, mailcow)
        admins.requests.capabilities = backend.capabilities
        yield double


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
