"""What tests of the watch on a simulated Discord do again and again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.demo.publishing import publish
from bot.demo.world import DEMO_ENVIRONMENT
from bot.names import Domain
from discord_simulation import HOME, answer_to, open_simulation, text_of

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from discord_simulation import Simulation

AGAIN, STOP, CANCEL = "Tell me again", "Stop telling me", "Stop waiting"


def open_home(store: Path) -> AbstractAsyncContextManager[Simulation]:
    """Return the simulation of a server that is the bot's home, where no requests are taken."""
    return open_simulation(store, environ={**DEMO_ENVIRONMENT, **HOME}, asks_authorities=True)


async def watch(
    sim: Simulation, command: str, *, who: MemberActor | None = None, **options: Any
) -> ResponseMessage:
    """Return the answer to a command of `/watch`; it has to be private."""
    card = answer_to(await (who or sim.ann).slash(sim.channel, f"watch {command}", **options))
    assert card.ephemeral
    return card


async def show_control(sim: Simulation, name: str, who: MemberActor | None = None) -> None:
    """Publish the record that shows that a domain is a member's."""
    refused = await watch(sim, "add", who=who, domain=name)
    found = re.search(r"cowbell=\S+", text_of(refused))
    assert found is not None
    line = f'_cowbell TXT "{found[0]}"'
    sim.dns.zones = publish(sim.dns.zones, Domain.from_ascii(name), [line])


async def own(sim: Simulation, name: str, who: MemberActor | None = None) -> ResponseMessage:
    """Show that a domain is a member's, and have it watched for them."""
    await show_control(sim, name, who)
    return await watch(sim, "add", who=who, domain=name)


async def look(sim: Simulation) -> None:
    """Let the watch do what is due."""
    assert sim.client.watch is not None
    while await sim.client.watch.step():
        pass


def direct(who: MemberActor) -> list[str]:
    """Return the texts of the direct messages to a member, the oldest first."""
    return [str(message.components) for message in who.user.dm_channel.history()]
