"""Hands what test mails prove of keys to the changes of keys that wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.mail.proven_keys import ProvenKey
    from bot.rotations.rotation_service import Rotations


async def note_proven_key(rotations: Rotations, proven: ProvenKey, at: datetime) -> None:
    """Have the change noted whose new key signed a mail; others, and other keys, are left alone.

    Raises StoreError where it cannot be noted.
    """
    for rotation in await rotations.of_domain(proven.domain):
        new = rotation.new
        # Whoever has the zone can put a key of their own at the selector, and sign with that.
        if new is not None and new.record.key == proven.octets:
            await rotations.note_signed_mail(proven.domain, proven.selector, at)
