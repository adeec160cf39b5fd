"""Asks what judging a test mail needs, and has it judged in a thread."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from dns.rdatatype import TXT

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.mail.alignment import names_to_ask
from bot.checks.mail.mail_evidence import MailEvidence
from bot.checks.mail.mail_judge import judge_mail
from bot.checks.mail.mail_reading import read_mail
from bot.checks.mail.received_mail import MailAnswers
from bot.checks.mail.trace_fields import Receiver, find_spf_domain
from bot.checks.observe.questions import Questions
from bot.dns.answer import Question
from bot.dns.spf_evaluate import evaluate

if TYPE_CHECKING:
    import dns.name

    from bot.checks.mail.mail_reading import MailReading
    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.checks.mail.received_mail import ReceivedMail
    from bot.checks.mail.trace_fields import Trace
    from bot.dns.answer import Answer, Ask
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain
    from bot.records.mail_server import MailServer

MOST_QUESTIONS: Final = 120  # about one mail, whatever stands in it
_MOST_FOR_SPF: Final = 40
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")  # RFC 5321 section 4.1.2


async def receive_mail(ask: Ask, server: MailServer, mail: ReceivedMail) -> MailVerdict:
    """Return the verdict on a test mail; it never raises, whatever the mail holds.

    The event loop is not held: all that takes time in proportion to the mail is done in a thread.
    """
    return await asyncio.to_thread(judge_mail, await observe_mail(ask, server, mail))


async def observe_mail(ask: Ask, server: MailServer, mail: ReceivedMail) -> MailEvidence:
    """Return all that judging a test mail needs, with the loop not held; it never raises."""
    questions = Questions(ask, MOST_QUESTIONS)
    try:
        reading = await asyncio.to_thread(read_mail, mail.raw, mail.domain)
        keys = [Question.of(name, TXT) for name in _key_names(reading)]
        questions.start(keys)
        questions.start(Question.of(name, TXT) for name in _policy_names(reading))
        receiver = Receiver(domain.name for domain in mail.receiver)
        claims = await asyncio.to_thread(receiver.find_claims, reading.header)
        addresses, knows_host = await _ask_addresses(questions, server.host)
        named = await asyncio.gather(*(_ask_addresses(questions, name) for name in claims))
        proven = {name: found for name, (found, _) in zip(claims, named, strict=True)}
        # The mail host's own address is outside even of a network of the receiver's.
        outside = addresses if mail.is_foreign else frozenset()
        trace = await asyncio.to_thread(receiver.read_trace, reading.header, outside, proven)
        spf = await _evaluate_spf(questions, trace) if mail.is_foreign else None
        answers = MailAnswers(
            await _collect(questions, _key_names(reading)),
            await _collect(questions, _policy_names(reading, find_spf_domain(trace))),
            spf,
            addresses,
            knows_host,
        )
    finally:
        questions.cancel()
    return MailEvidence(mail, server, reading, trace, receiver, answers)


def _key_names(reading: MailReading) -> tuple[dns.name.Name, ...]:
    names = (one.key_name for one in reading.signatures if not one.fault)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _policy_names(
    reading: MailReading, spf_domain: Domain | None = None
) -> tuple[dns.name.Name, ...]:
    if reading.from_domain is None:
        return ()
    domains = (*(one.domain for one in reading.signatures), spf_domain)
    known = tuple(domain for domain in domains if domain is not None)
    return names_to_ask(known, reading.from_domain)


async def _collect(
    questions: Questions, names: tuple[dns.name.Name, ...]
) -> dict[dns.name.Name, Answer]:
    answers = await asyncio.gather(*(questions(name, TXT) for name in names))
    return dict(zip(names, answers, strict=True))


async def _ask_addresses(
    questions: Questions, host: dns.name.Name | str
) -> tuple[frozenset[str], bool]:
    """Return a host's addresses, and whether they are all that it has."""
    answers = await asyncio.gather(*(questions(host, rdtype) for rdtype in ADDRESS_TYPES))
    found = frozenset(address for answer in answers for address in answer.addresses())
    return found, bool(found) and not any(answer.failed for answer in answers)


async def _evaluate_spf(questions: Questions, trace: Trace) -> SpfEvaluation | None:
    """Return what SPF says of the deliverer (RFC 7208 section 2.4); None where it is not known."""
    domain, border = find_spf_domain(trace), trace.border
    if domain is None or border is None or trace.sender is None:
        return None
    local = trace.sender.text.rpartition("@")[0]
    sender = f"{local}@{domain.ascii}" if _LOCAL.fullmatch(local) else None
    ask = questions.limited(_MOST_FOR_SPF)
    return await evaluate(ask, border.address, domain.ascii, sender=sender, helo=border.helo)
