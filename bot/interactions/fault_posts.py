"""Tells the admin in the request channel of the mail server's own faults, each once a day."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.cards.layout import build_notice
from bot.interactions.replies import UNDELIVERED

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.services.server_faults import ServerFault, ServerFaults

_log = logging.getLogger(__name__)


class FaultPosts:
    """Posts the faults that members' checks found; a failed post is made at the next such check."""

    def __init__(self, client: BotBase, faults: ServerFaults) -> None:
        self._client = client
        self._faults = faults

    async def run(self) -> None:
        """Post faults as they are met, for ever."""
        while True:
            await self.post(await self._faults.next())

    async def post(self, fault: ServerFault) -> None:
        """Post one fault to the request channel; where that fails, it is logged."""
        client = self._client
        number = client.settings.request_channel_id
        if number is None:
            return
        facts: dict[str, Fact] = {
            "what": fault.what,
            "domain": fault.domain.ascii,
            "command": "/mailadmin server",
        }
        card = build_notice("server_fault", facts, client.words)
        channel = client.get_partial_messageable(number)
        try:
            # The nonce keeps a repeated call from posting twice.
            await channel.send(view=card.view, nonce=_nonce(fault))
        except UNDELIVERED as error:
            await client.admin_channel.note_refusal(error)
            self._faults.take_back(fault)
            _log.warning("the admin was not told of a fault of the mail server: %s", error)


def _nonce(fault: ServerFault) -> str:
    """Return what Discord knows the message by, 25 characters at most."""
    return f"{fault.what[:14]}{int(fault.at.timestamp())}"
