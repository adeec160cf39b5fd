"""Has a mail from the probe mailbox judged, and puts what it came to into words for the store."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.checks.mail.mail_judge import judge_mail
from bot.checks.mail.mail_verdict import Alignment, AuthResult
from bot.checks.mail.proven_keys import find_proven_keys
from bot.checks.mail.received_mail import ReceivedMail
from bot.checks.mail.verdict_store import dump_verdict
from bot.checks.observe.arriving_mail import observe_mail
from bot.checks.observe.mail_receiver import find_receiver
from bot.errors import StoreError
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.requests.mail_proof import JudgedMail, MailTestFault
from bot.services.domain_facts import KnownFacts

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.checks.observe.mail_receiver import MailReceiver
    from bot.dns.answer import Ask
    from bot.names import MailAddress
    from bot.records.mail_server import MailServer
    from bot.requests.mail_proof import MailTest
    from bot.services.domain_facts import DomainFacts

_LONGEST: Final = 60.0  # seconds for one mail, the questions to the DNS among them
_LARGEST_HEAD: Final = 32 * 1024  # characters of a header that are kept
# Lines may end in LF alone. What stands behind is the text, which is not kept.
_END_OF_HEAD: Final = re.compile(rb"\A\r?\n|\r?\n\r?\n")

_log = logging.getLogger(__name__)


class MailVerdicts:
    """Judges mails that arrived at one address, read at one host."""

    def __init__(
        self,
        ask: Ask,
        server: MailServer,
        address: MailAddress,
        read_at: str,
        facts: DomainFacts,
    ) -> None:
        self._ask = ask
        self._server = server
        self._address = address
        self._read_at = read_at
        self._facts = facts

    async def is_foreign(self) -> bool:
        """Whether the mailbox is on another server than the mail host."""
        return (await self._find_receiver()).is_foreign

    async def judge(self, test: MailTest, raw: bytes, arrived_at: datetime) -> JudgedMail:
        """Return what a mail came to; whatever it holds, something comes back."""
        head = _read_head(raw)
        nothing = JudgedMail(arrived_at, head, fault=MailTestFault.UNREADABLE)
        try:
            async with asyncio.timeout(_LONGEST):
                verdict = await self._receive(test.domain, raw, arrived_at)
        except TimeoutError:
            _log.warning("test mail %d was not judged within %d seconds", test.id, _LONGEST)
            return nothing
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a mail of a stranger must not stop those of others
            _log.exception("test mail %d could not be judged", test.id)
            return nothing
        from_domain = _read_domain(verdict.from_domain)
        return JudgedMail(
            arrived_at,
            head,
            dump_verdict(verdict),
            from_domain,
            verdict.passed,
            proven=find_proven_keys(verdict),
        )

    async def _receive(
        self, domain: Domain | None, raw: bytes, arrived_at: datetime
    ) -> MailVerdict:
        """Return the verdict on a mail of a domain, of whichever From names where it is None."""
        receiver, facts = await self._find_receiver(), await self._facts_of(domain)
        mail = ReceivedMail(
            raw,
            arrived_at,
            receiver.domains,
            is_foreign=receiver.is_foreign,
            domain=domain,
            dkim=facts.dkim,
            change=facts.change,
        )
        evidence = await observe_mail(self._ask, self._server, mail)
        verdict = await asyncio.to_thread(judge_mail, evidence)
        if domain is not None or not _shows_author(verdict):
            return verdict
        # Nobody learns what the server knows of a domain by a mail that is forged.
        facts = await self._facts_of(evidence.reading.from_domain)
        if isinstance(facts.dkim, KeyUnknown):
            return verdict
        with_key = replace(evidence, mail=replace(mail, dkim=facts.dkim, change=facts.change))
        return await asyncio.to_thread(judge_mail, with_key)

    async def _facts_of(self, domain: Domain | None) -> KnownFacts:
        return KnownFacts(KeyUnknown()) if domain is None else await self._facts.of(domain)

    async def _find_receiver(self) -> MailReceiver:
        return await find_receiver(
            self._ask, self._address.domain, self._read_at, self._server.host
        )


def _shows_author(verdict: MailVerdict) -> bool:
    """Whether the mail is by From's domain for sure: signed for it, or handed in at our server."""
    is_signed = any(
        one.outcome is AuthResult.PASS and one.alignment is Alignment.STRICT
        for one in verdict.signatures
    )
    return is_signed or verdict.is_from_host


def _read_head(raw: bytes) -> str:
    """Return a mail's header as text; what no database keeps is left out."""
    window = raw[: 4 * _LARGEST_HEAD]
    end = _END_OF_HEAD.search(window)
    head = window[: end.start()] if end else window
    text = head.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text[:_LARGEST_HEAD]


def _read_domain(text: str) -> Domain | None:
    try:
        return Domain.from_ascii(text.lower())
    except ValueError:
        return None
