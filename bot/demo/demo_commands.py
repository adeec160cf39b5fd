"""The commands of the demo alone: publish records, send mails, break domains, let days pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.checks.finding import FixAction
from bot.demo import world
from bot.demo.demo_mails import MailFate, write_mail
from bot.demo.demo_servers import PROBE
from bot.demo.publishing import Typed, line_of_request, publish, type_fixes, waiting_records
from bot.demo.time_commands import break_command, days_command, mend_command
from bot.names import Domain
from bot.records.control_token import CONTROL_LABEL
from bot.requests.model import RequestKind
from bot.services.plan.plan_words import part_of
from bot.services.plan.step import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.client import Client
    from bot.demo.demo_servers import DemoServers
    from bot.demo.passing_time import PassingDays
    from bot.demo.zone_server import ZoneServer
    from bot.requests.service import Requests

_MAILBOX: Final = f"@{PROBE.rpartition('@')[2]}"
_FATES: Final = {
    MailFate.RIGHT: "it arrives as it was sent",
    MailFate.UNSIGNED: "the mail server does not sign it",
    MailFate.CHANGED: "its text is changed on the way",
    MailFate.ELSEWHERE: "it is sent by another server",
}
_NOBODY = 0  # no member has this id: the demo's own checks are offered to nobody


def add_commands(client: Client, servers: DemoServers, days: PassingDays) -> None:
    """Give the bot the commands of the demo."""
    for command in (
        _publish_command(client, servers.zones),
        _mail_command(client, servers),
        break_command(client, servers),
        mend_command(client, servers),
        days_command(client, days),
    ):
        client.tree.add_command(command)


def _publish_command(client: Client, server: ZoneServer) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(
        name="demo-publish", description="Demo: publish what you were given, or the next step"
    )
    @app_commands.describe(domain="One of the demo's domains, like newcomer.example")
    async def demo_publish(interaction: discord.Interaction[Client], domain: str) -> None:
        await interaction.response.defer(ephemeral=True)
        name = domain.strip().lower()
        if name not in world.DOMAINS:
            answer = client.words.sentence("demo/no_domain", {"domains": tuple(world.DOMAINS)})
        else:
            typed = await publish_next(client, server, name, interaction.user.id)
            answer = client.words.sentence("demo/published", {"domain": name, **typed.facts})
        await interaction.edit_original_response(content=answer)

    return demo_publish


def _mail_command(client: Client, servers: DemoServers) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(
        name="demo-mail", description="Demo: send a mail to the address that /testmail gave you"
    )
    @app_commands.describe(
        to="The address that /testmail gave you",
        domain="The domain that you write from, like friend.example",
        fate="What happens to the mail on its way",
    )
    @app_commands.choices(
        fate=[app_commands.Choice(name=_FATES[fate], value=fate.value) for fate in MailFate]
    )
    async def demo_mail(
        interaction: discord.Interaction[Client],
        to: str,
        domain: str = "friend.example",
        fate: str = MailFate.RIGHT,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        name, recipient = domain.strip().lower(), to.strip()
        if name not in world.DOMAINS:
            answer = client.words.sentence("demo/no_domain", {"domains": tuple(world.DOMAINS)})
        elif not recipient.lower().endswith(_MAILBOX):
            answer = client.words.sentence("demo/no_mailbox", {})
        else:
            sent_at, zones, mailcow = client.now(), servers.zones.zones, servers.mailcow
            mail = await asyncio.to_thread(
                write_mail, MailFate(fate), name, recipient, zones, mailcow, at=sent_at
            )
            servers.mailbox.deliver(mail, at=sent_at)
            answer = client.words.sentence("demo/mailed", {"to": recipient})
        await interaction.edit_original_response(content=answer)

    return demo_mail


async def publish_next(
    client: Client, server: ZoneServer, name: str, member_id: int | None = None
) -> Typed:
    """Publish what was handed out for requests, or where nothing was, what the plan says next.

    Where it says nothing more, it is what shows the domain to be a member's.
    """
    requests, domain = client.requests, Domain.from_ascii(name)
    if requests is None:
        return Typed()
    waiting = await waiting_records(requests, domain)
    proofs = await _proof_lines(client, requests, domain)
    server.zones = publish(server.zones, domain, (*map(line_of_request, waiting), *proofs))
    for request in waiting:
        await requests.look_now(request.id)
    if not waiting:
        typed = await _type_next(client, server, domain)
        if not (typed.kinds or proofs) and member_id is not None:
            proofs = await _proof_lines_of(client, domain, (member_id,))
            server.zones = publish(server.zones, domain, proofs)
        return typed if typed.kinds or not proofs else Typed((CONTROL_LABEL,))
    kinds = tuple(request.kind.value.upper() for request in waiting)
    return Typed((*kinds, *([CONTROL_LABEL] if proofs else [])))


async def _type_next(client: Client, server: ZoneServer, domain: Domain) -> Typed:
    """Type what the plan of a domain has next; return what that is for, if there is anything."""
    service = client.member_service
    kept = await service.check(domain, _NOBODY, confidential=True)
    step = (await service.plan(kept, confidential=True, can_ask=True)).next
    if step is None:
        return Typed()
    server.zones = type_fixes(server.zones, domain, step.fixes)
    kinds = dict.fromkeys(_call(part_of(step, fix)) for fix in step.fixes)
    return Typed(tuple(kinds), all(fix.action is FixAction.DELETE for fix in step.fixes))


def _call(part: Part) -> str:
    """Return what the records of a part of the plan are called."""
    return {Part.DKIM_NEXT: "new DKIM", Part.DKIM_FORMER: "old DKIM"}.get(part, part.value.upper())


async def _proof_lines(client: Client, requests: Requests, domain: Domain) -> list[str]:
    """Return the zone lines that show the domain to be theirs who ask to have it added."""
    asked = [r for r in await requests.of_domain(domain) if r.kind is RequestKind.MAILDOMAIN]
    return await _proof_lines_of(client, domain, [r.member_id for r in asked if r.open])


async def _proof_lines_of(client: Client, domain: Domain, members: Iterable[int]) -> list[str]:
    control = client.control
    if control is None:
        return []
    tokens = [await control.token(member, domain) for member in members]
    return [f'{CONTROL_LABEL} TXT "{token}"' for token in tokens]
