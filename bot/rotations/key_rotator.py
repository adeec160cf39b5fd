"""A mail server that can change a domain's DKIM key, as rotations need it.

The new key is made in a workshop, an entry at the mail server that no mail is for, and kept beside
the domain until it is switched to; the old one is kept beside it too. No private key leaves the
mail server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


@dataclass(frozen=True, slots=True)
class KeptKeys:
    """The keys of a domain at the mail server; None where there is none."""

    signing: KnownKey | None  # what its mail is signed with
    next: KnownKey | None
    former: KnownKey | None


@dataclass(frozen=True, slots=True)
class Leftover:
    """A key at the mail server that a rotation left behind; never one that signs mail."""

    name: str  # under which the mail server has it
    selector: str


class KeyRotator(Protocol):
    """What rotations have a mail server do.

    Each call is made by one rotation of the domain at a time, and those about the workshop by one
    of all. It can be made again after it was cut short, and makes sure of its outcome by reading.
    What raises BackendUnclear or BackendUnreachable may have happened, be it in part: it is to be
    made again until it does not. All raise BackendError and nothing else that is to be expected.
    """

    def refuse_name(self, domain: Domain) -> None:
        """Raise BackendRefused where the domain's keys could not be kept, as its name is long."""
        ...

    async def kept(self, domain: Domain) -> KeptKeys:
        """Return the keys of a domain, read now."""
        ...

    async def open_workshop(self) -> None:
        """Make the workshop where it is not there; no mail is taken for it."""
        ...

    async def clear_workshop(self) -> None:
        """Take away the key in the workshop, if any: whoever made it has a copy, or needs none."""
        ...

    async def make_key(self, selector: str, bits: int) -> KnownKey:
        """Make a key in the workshop, which was cleared just before, and return it.

        Whatever is raised, the workshop has to be cleared before it is called again: a key that
        is there may have come without its private key.
        """
        ...

    async def keep_next(self, domain: Domain, key: KnownKey) -> None:
        """Copy the workshop's key, which has to be this one, to where the domain's next is kept."""
        ...

    async def keep_former(self, domain: Domain, key: KnownKey) -> None:
        """Copy the key that signs, which has to be this one, to where the former is kept."""
        ...

    async def switch(self, domain: Domain, before: KnownKey, to: KnownKey) -> None:
        """Have the domain's mail signed with the next key.

        Raises BackendRefused, with nothing changed, where the key that signs is neither of the two,
        or the copies of the one and the other are not kept.
        """
        ...

    async def restore(self, domain: Domain, before: KnownKey, to: KnownKey) -> None:
        """Have the domain's mail signed with the former key `to` again; else as `switch`."""
        ...

    async def drop_next(self, domain: Domain) -> None:
        """Take away the copy that is kept as the domain's next key; the key that signs stays."""
        ...

    async def drop_former(self, domain: Domain) -> None:
        """Take away the copy that is kept as the domain's former key; the key that signs stays."""
        ...

    async def find_leftovers(
        self, domains: Iterable[Domain], under_way: Iterable[Domain]
    ) -> tuple[Leftover, ...]:
        """Return the copies that are kept for `domains` and the server's own without a rotation.

        Those of `under_way` are in use, and so is the workshop where that is not empty.
        """
        ...

    async def remove(self, leftover: Leftover) -> None:
        """Take one of them away; raises BackendRefused for a name that is not of rotations."""
        ...
