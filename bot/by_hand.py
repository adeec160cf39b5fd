"""A mail server that the program cannot call: an admin carries out by hand what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import BackendError, BackendRefused
from bot.requests.backend import Capabilities

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


class ByHandBackend:
    """A `MailBackend` that knows and does nothing; `name` is what people call the mail server."""

    capabilities = Capabilities()
    limits = None
    refusals: tuple[BackendError, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def unlock(self) -> None:
        """Do nothing: nothing is ever locked."""

    async def knows_domain(self, domain: Domain) -> bool | None:  # noqa: ARG002 - the protocol's
        """Return None: nobody tells."""
        return None

    async def find_key(self, domain: Domain) -> KnownKey | None:  # noqa: ARG002 - as above
        """Raise BackendRefused: nobody tells."""
        raise BackendRefused("backend-by-hand")

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:  # noqa: ARG002 - as above
        """Raise BackendRefused: a key has to be pasted."""
        raise BackendRefused("backend-by-hand")

    async def add_domain(self, domain: Domain) -> None:  # noqa: ARG002 - as above
        """Raise BackendRefused: it has to be added by hand."""
        raise BackendRefused("backend-by-hand")
