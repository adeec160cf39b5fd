"""Many commands in one instant, and how long each waits for its acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_payloads import MEMBER

if TYPE_CHECKING:
    from discord_stand_in import DiscordStandIn
    from sent_interaction import SentInteraction


async def time_burst(discord: DiscordStandIn, commands: int) -> list[float]:
    """Return the seconds until each of so many commands, each of another member, was answered."""
    sent = [
        await discord.run_command("mailsettings", member=MEMBER + number)
        for number in range(commands)
    ]
    return [await time_to_answer(one) for one in sent]


async def time_to_answer(sent: SentInteraction) -> float:
    """Return the seconds to the first answer, once there is one."""
    await sent.acknowledged()
    return sent.first_at - sent.sent_at
