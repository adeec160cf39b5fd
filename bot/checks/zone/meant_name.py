"""The domain that somebody meant who named one of its hosts, such as www.friend.example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import dns.name
from dns.rdatatype import MX

from bot.checks.answers import answer_to, name_text
from bot.checks.finding import Check, Finding, Status
from bot.checks.report import DID_YOU_MEAN
from bot.dns.answer import Question
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.records.expected import Expected

# What people name servers and web pages; few have mail addresses that end so.
_HOST_LABELS: Final = frozenset(
    {
        *(b"www", b"www2", b"web", b"m", b"ftp", b"cpanel"),
        *(b"mail", b"email", b"webmail", b"smtp", b"imap", b"pop", b"pop3", b"mx", b"mx1", b"mx2"),
        *(b"autoconfig", b"autodiscover", b"mta-sts"),
    }
)


def meant_questions(expected: Expected, observed: Observation) -> tuple[Question, ...]:
    """Return what tells whether the domain above a host's name is the one that was meant."""
    meant = _domain_above(expected, observed)
    return () if meant is None else (Question.of(meant, MX),)


def report_meant(expected: Expected, observed: Observation) -> tuple[Finding, ...]:
    """Return which domain was likely meant instead of one of its hosts; nothing where none was.

    The name takes no mail itself, and the domain above does, or is at least the apex of a zone.
    """
    meant = _domain_above(expected, observed)
    if meant is None:
        return ()
    answer = answer_to(observed, meant, MX)
    is_apex = answer.absent and answer.zone == meant
    if answer.chain or not (answer.found or is_apex):
        return ()
    return (make_finding(name_text(meant), "host"),)


def make_finding(meant: str, why: str) -> Finding:
    """Return the finding that another domain was likely meant.

    `why`: the name is that of a `host` of it, or a `slip` of one sign.
    """
    return Finding(Check.DELEGATION, DID_YOU_MEAN, Status.INFO, {"meant": meant, "why": why})


def _domain_above(expected: Expected, observed: Observation) -> dns.name.Name | None:
    """Return the domain above a host's name that has no MX record of its own; None for others."""
    domain = expected.domain.name
    answer = answer_to(observed, domain, MX)
    if answer.found and not answer.chain:
        return None
    if answer.failed and not answer.alias_loop:
        return None
    usual = _HOST_LABELS | {expected.server.webmail_label.encode()}
    labels = domain.labels
    while labels[0].lower() in usual:
        labels = labels[1:]
    meant = dns.name.Name(labels)
    return None if meant == domain or is_public_suffix(meant) else meant
