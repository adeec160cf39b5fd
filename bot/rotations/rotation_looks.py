"""What rotations look at: name servers, the key that signs, and the watch that looks after them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.checks.dkim.server_records import ServerRecords
from bot.errors import BackendError, CowbellError, StoreError

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.requests.backend import MailBackend, ServerDomain
    from bot.requests.protocols import Watch
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_protocols import LookAtKeys

LONGEST_LOOK: Final = 30.0  # seconds

_log = logging.getLogger(__name__)


class RotationLooks:
    """Looks that find out something or nothing, but never fail; `watch` is None without one."""

    def __init__(self, look: LookAtKeys, backend: MailBackend, watch: Watch | None) -> None:
        self._look = look
        self._backend = backend
        self._watch = watch

    async def ask_servers(self, rotation: Rotation) -> ServerRecords:
        """Return what each name server has of both records; none where nobody can be asked."""
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return await self._look(
                    rotation.domain, rotation.old, rotation.selector, rotation.value
                )
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            _log.info("rotation %d: no name server was asked: %s", rotation.id, error)
            return ServerRecords()

    async def see_undone(self, rotation: Rotation) -> ServerRecords | None:
        """Return what name servers have, where mails may have been signed with the new key.

        The watch looks then, too. None where none may have, or nobody can be asked.
        """
        if rotation.switched_at is None:
            return None
        await self.have_looked_at(rotation.domain)
        seen = await self.ask_servers(rotation)
        return seen if seen.servers else None

    async def look_up(self, domain: Domain) -> ServerDomain | None:
        """Return what the mail server has of a domain; None where it does not tell."""
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return await self._backend.look_up(domain)
        except (BackendError, TimeoutError) as error:
            _log.info("the mail server does not tell the key of %s: %s", domain, error)
            return None

    async def have_looked_at(self, domain: Domain) -> None:
        """Have the watch look at a domain at once."""
        if self._watch is not None:
            await self._watch.have_looked_at(domain)
