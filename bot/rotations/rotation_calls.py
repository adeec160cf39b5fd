"""Makes the one call to the mail server that a rotation's step names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import BackendLocked, BackendRefused, StoreError
from bot.requests.backend import MailHosting
from bot.rotations.rotation import RotationStep

if TYPE_CHECKING:
    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import MailBackend
    from bot.rotations.key_rotator import KeyRotator
    from bot.rotations.rotation import Rotation

_T = RotationStep


class RotationCalls:
    """What rotations have the mail server do; `rotator` is None where it can do nothing of it."""

    def __init__(self, rotator: KeyRotator | None, backend: MailBackend) -> None:
        self._rotator = rotator
        self._backend = backend

    async def make(self, rotation: Rotation) -> KnownKey | None:
        """Make the call of a rotation's step, and return the key where it makes one.

        Raises:
            BackendError: it was not done, or nobody knows; see `bot.rotations.key_rotator`.
            StoreError: what is kept of the rotation does not fit its step.

        """
        rotator = self._rotator
        if rotator is None:  # when it began, it could
            raise BackendLocked("rotation-without-access", backend=self._backend.name)
        domain, old = rotation.domain, rotation.old
        match rotation.step:
            case _T.OPEN_WORKSHOP:
                await rotator.open_workshop()
            case _T.CLEAR_WORKSHOP | _T.LEAVE_WORKSHOP:
                await rotator.clear_workshop()
            case _T.MAKE_KEY:
                return await rotator.make_key(rotation.selector, rotation.bits)
            case _T.KEEP_NEXT:
                await rotator.keep_next(domain, _new_key(rotation))
            case _T.KEEP_FORMER:
                await self._require_domain(rotation)
                await rotator.keep_former(domain, old)
            case _T.SWITCH:
                await rotator.switch(domain, old, _new_key(rotation))
            case _T.RESTORE:
                await rotator.restore(domain, _new_key(rotation), old)
            case _T.DROP_NEXT:
                await rotator.drop_next(domain)
            case _T.DROP_FORMER:
                await rotator.drop_former(domain)
        return None

    async def _require_domain(self, rotation: Rotation) -> None:
        """Raise BackendRefused where the mail server has the domain no more, but keeps its key."""
        server = await self._backend.look_up(rotation.domain)
        if server.hosting is MailHosting.ABSENT:
            raise BackendRefused("rotation-domain-absent", domain=rotation.domain.ascii)


def _new_key(rotation: Rotation) -> KnownKey:
    if rotation.new is None:
        raise StoreError(f"Rotation {rotation.id} is at {rotation.step} without its key.")
    return rotation.new
