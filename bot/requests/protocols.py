"""What the work on requests needs from outside: the mail server, and a look at what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.model import Request


class Mail(Protocol):
    """The mail server. Each call can be made again and then finds what the first one made.

    They raise CowbellError with a sentence for the admin.
    """

    async def find_or_make_dkim(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; one with this selector is made where there is none."""
        ...

    async def add_domain(self, domain: Domain) -> None:
        """Add the domain; one that is there already stays as it is."""
        ...

    async def knows_domain(self, domain: Domain) -> bool | None:
        """Whether the domain is on the server; None where that cannot be found out."""
        ...


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at a request's aim came to."""

    live: bool
    seen: str = ""  # the code of the finding in the way
    ttl: int | None = None  # seconds for which the answer stays in caches


class Verifier(Protocol):
    """Looks whether what was asked for is live."""

    async def __call__(self, request: Request) -> Verification:
        """Look once; raises CowbellError where nothing could be found out."""
        ...
