"""What the bot can in the demo alone: break and mend a domain, and let days pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.demo import world
from bot.demo.breakages import Breakage, break_domain, mend_domain

if TYPE_CHECKING:
    from bot.client import Client
    from bot.demo.demo_servers import DemoServers
    from bot.demo.passing_time import PassingDays

MOST_DAYS: Final = 14  # at once
_BREAKAGES: Final = {
    Breakage.MX_GONE: "the MX record is lost",
    Breakage.SPF_OTHER: "the SPF record is another service's",
    Breakage.DKIM_GONE: "the DKIM record is deleted",
}


def break_command(client: Client, servers: DemoServers) -> app_commands.Command[Any, ..., None]:
    """Return the command that breaks a domain."""

    @app_commands.command(name="demo-break", description="Demo: break the records of a domain")
    @app_commands.describe(
        domain="One of the demo's domains, like friend.example", what="What happens to it"
    )
    @app_commands.choices(
        what=[app_commands.Choice(name=_BREAKAGES[each], value=each.value) for each in Breakage]
    )
    async def demo_break(
        interaction: discord.Interaction[Client], domain: str, what: str = Breakage.MX_GONE
    ) -> None:
        name = domain.strip().lower()
        if name not in world.DOMAINS:
            said = client.words.sentence("demo/no_domain", {"domains": tuple(world.DOMAINS)})
        else:
            break_domain(servers, name, Breakage(what))
            said = client.words.sentence("demo/broken", {"domain": name})
        await interaction.response.send_message(said, ephemeral=True)

    return demo_break


def mend_command(client: Client, servers: DemoServers) -> app_commands.Command[Any, ..., None]:
    """Return the command that puts a domain right."""

    @app_commands.command(name="demo-mend", description="Demo: put the records of a domain right")
    @app_commands.describe(domain="One of the demo's domains, like friend.example")
    async def demo_mend(interaction: discord.Interaction[Client], domain: str) -> None:
        name = domain.strip().lower()
        if name not in world.DOMAINS:
            said = client.words.sentence("demo/no_domain", {"domains": tuple(world.DOMAINS)})
        else:
            mend_domain(servers, name)
            said = client.words.sentence("demo/mended", {"domain": name})
        await interaction.response.send_message(said, ephemeral=True)

    return demo_mend


def days_command(client: Client, days_passing: PassingDays) -> app_commands.Command[Any, ..., None]:
    """Return the command that sets the clock forward."""

    @app_commands.command(name="demo-days", description="Demo: let days pass, and see what I tell")
    @app_commands.describe(days="How many days")
    async def demo_days(
        interaction: discord.Interaction[Client], days: app_commands.Range[int, 1, MOST_DAYS] = 1
    ) -> None:
        async def say_end() -> None:
            said = client.words.sentence("demo/passed", {"days": days})
            await client.get_partial_messageable(interaction.channel_id or 0).send(said)

        ends = int(days_passing.begin(timedelta(days=days), say_end).timestamp())
        said = client.words.sentence("demo/days", {"days": days, "ends": ends})
        await interaction.response.send_message(said, ephemeral=True)

    return demo_days
