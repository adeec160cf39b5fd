"""The mail server as the work on requests needs it: over Mailcow's API, or an admin's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import RequestError
from bot.mailcow.values import DomainLimits

if TYPE_CHECKING:
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.protocols import Mail

_BY_HAND = (
    "Without MAILCOW_URL and MAILCOW_API_KEY I cannot do that on the mail server. Do it there by "
    "hand, and retry then to tell me."
)


class MailcowMail:
    """Does it over Mailcow's API; every call looks first, so that it can be made again.

    `selector` is for the key that Mailcow makes with a new domain, which gets Mailcow's own limits.
    """

    def __init__(self, mailcow: Mailcow, selector: str) -> None:
        self._mailcow = mailcow
        self._selector = selector

    async def find_or_make_dkim(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; one with this selector is made where there is none.

        Raises:
            MailcowError: see `bot.errors`; calling again is safe.

        """
        return (await self._mailcow.find_or_make_dkim(domain, selector)).known

    async def add_domain(self, domain: Domain) -> None:
        """Add the domain; one that is there already stays as it is.

        Raises:
            MailcowError: see `bot.errors`; calling again is safe.

        """
        await self._mailcow.add_domain(domain, DomainLimits(), selector=self._selector)

    async def knows_domain(self, domain: Domain) -> bool | None:
        """Whether the domain is on the server, be it as an alias domain.

        Raises:
            MailcowError: see `bot.errors`; calling again is safe.

        """
        return await self._mailcow.find_domain(domain) is not None


class HandMail:
    """Does nothing itself: an admin works on the mail server and says when it is done."""

    async def find_or_make_dkim(self, domain: Domain, selector: str) -> KnownKey:  # noqa: ARG002 - the port's
        """Raise RequestError: a key has to be pasted."""
        raise RequestError(_BY_HAND)

    async def add_domain(self, domain: Domain) -> None:  # noqa: ARG002 - the port's
        """Raise RequestError: it has to be added by hand."""
        raise RequestError(_BY_HAND)

    async def knows_domain(self, domain: Domain) -> bool | None:  # noqa: ARG002 - the port's
        """Return None: nobody tells."""
        return None


def choose_mail(mailcow: Mailcow | None, selector: str) -> Mail:
    """Return the way to the mail server that there is."""
    return HandMail() if mailcow is None else MailcowMail(mailcow, selector)
