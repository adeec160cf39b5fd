"""One mail to a member, to show that mail reaches them: who may have one, and what came of it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.probe.mail_sender import Handover
from bot.requests.backend import MailHosting
from bot.requests.mail_proof import SENT_A_DAY, SentMail, SentState

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.names import MailAddress
    from bot.probe.mail_sender import MailSender
    from bot.records.mail_server import MailServer
    from bot.services.domain_control import DomainControl
    from bot.services.domain_facts import DomainFacts
    from bot.store.repositories.sent_mails import SentMails
    from bot.words import Words

_STATES: Final = {
    Handover.TAKEN: SentState.TAKEN,
    Handover.REFUSED: SentState.REFUSED,
    Handover.FAILED: SentState.FAILED,
    Handover.UNCLEAR: SentState.UNCLEAR,
}

_CODES: Final = re.compile(r"[245][0-9]{2}(?: [245](?:\.[0-9]{1,3}){2})?")  # RFC 5321, RFC 3463

_log = logging.getLogger(__name__)


class SendingBar(StrEnum):
    """Why no mail is sent to an address."""

    NOT_PLAIN = "not-plain"  # the part before the @ has letters that not every server takes
    NOT_HERE = "not-here"  # the mail server does not have the domain, or has it switched off
    NOT_KNOWN = "not-known"  # the mail server does not say
    NOT_SHOWN = "not-shown"  # nothing shows that the domain is this member's
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Sending:
    """What came of a wish for a mail.

    `mail` is there where one was written down; `said` are the words of a server that refused it,
    hostile. `until` is when one may be sent again.
    """

    bar: SendingBar | None = None
    mail: SentMail | None = None
    said: str = ""
    until: datetime | None = None


class MemberMails:
    """Sends mails with fixed text to members' own addresses.

    Only to a domain that is on the mail server, and of which the member has shown control.
    """

    def __init__(
        self,
        mails: SentMails,
        sender: MailSender,
        *,
        facts: DomainFacts,
        control: DomainControl,
        server: MailServer,
        words: Words,
        now: Callable[[], datetime],
    ) -> None:
        self._mails = mails
        self._sender = sender
        self._facts = facts
        self._control = control
        self._server = server
        self._words = words.plain
        self._now = now

    @property
    def address(self) -> MailAddress:
        """The address that the mails are from."""
        return self._sender.address

    async def send(self, member_id: int, to: MailAddress) -> Sending:
        """Send one mail, or say why not; never twice, whatever becomes of it.

        Raises:
            StoreError: the store cannot be used.

        """
        bar = await self._find_bar(member_id, to)
        if bar is not None:
            return Sending(bar)
        begun = await self._mails.begin(member_id, to.domain, self._now(), SENT_A_DAY)
        if isinstance(begun, datetime):
            return Sending(SendingBar.TOO_MANY, until=begun)
        handed = await self._sender.send(self._compose(to), to)
        state = _STATES[handed.outcome]
        if state is not SentState.TAKEN:
            # The words of a refusal repeat the member's address, which is kept nowhere.
            code = _CODES.match(handed.said)
            said = code[0] if code else handed.said
            _log.warning("mail %d to a member: %s %s", begun.id, state.value, said)
        await self._mails.note(begun.id, state)
        mail = SentMail(begun.id, member_id, to.domain, begun.made_at, state)
        return Sending(mail=mail, said=handed.said if state is SentState.REFUSED else "")

    async def answer(self, mail_id: int, member_id: int, *, arrived: bool) -> SentMail | None:
        """Keep what a member says of a mail to them; None where it is none of theirs."""
        return await self._mails.answer(mail_id, member_id, arrived=arrived)

    async def _find_bar(self, member_id: int, to: MailAddress) -> SendingBar | None:
        if not to.local.isascii():
            return SendingBar.NOT_PLAIN
        known = await self._facts.of(to.domain)
        if known.hosting is not MailHosting.ON:
            unknown = known.hosting is MailHosting.UNKNOWN
            return SendingBar.NOT_KNOWN if unknown else SendingBar.NOT_HERE
        if not await self._control.is_shown(member_id, to.domain):
            return SendingBar.NOT_SHOWN
        return None

    def _compose(self, to: MailAddress) -> EmailMessage:
        facts = {"service": self._server.name}
        sender, mail = self._sender.address, EmailMessage()
        mail["From"] = Address(self._server.name, addr_spec=str(sender))
        mail["To"] = Address(addr_spec=str(to))
        mail["Subject"] = self._words.sentence("letters/arrival_subject", facts)
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = make_msgid(domain=sender.domain.ascii)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        mail.set_content(self._words.sentence("letters/arrival_text", facts))
        return mail
