"""Asks at once for what a record's terms are going to need, as soon as the record is there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import dns.rdatatype

from bot.dns.answer import Question
from bot.dns.spf_evaluation import COUNTED, MAX_NAMES, MAX_QUESTIONS, MAX_TEXT
from bot.dns.spf_grammar import ASKS_DNS, read_record
from bot.dns.spf_target import is_at_or_below

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.dns.spf_client import SpfClient
    from bot.dns.spf_grammar import SpfTerm
    from bot.dns.spf_reply import SpfReply
    from bot.dns.spf_target import SpfTarget

    Then = Callable[[SpfReply], None]


class Replies(Protocol):
    """Where questions go, each of them once."""

    def when(self, question: Question, then: Then) -> None:
        """Have a function called with the reply to a question: now where it is there already."""


class LookAhead:
    """What one evaluation may need, asked for in the order of its terms.

    It asks `MAX_QUESTIONS` at most, and reads no more than `MAX_TEXT`. It decides nothing: what it
    does not ask for is asked when the evaluation comes to it.
    """

    def __init__(self, client: SpfClient, replies: Replies) -> None:
        self._client = client
        self._replies = replies
        self._asked: set[Question] = set()
        self._octets = 0  # of the policies read

    def read(self, target: SpfTarget, depth: int = 0) -> None:
        """Ask for a domain's record and then, as it comes, for what its terms need."""
        # Each record inside of another one takes a lookup.
        if target.is_domain and depth <= COUNTED:
            self._ask(target, dns.rdatatype.TXT, partial(self._read_on, target, depth))

    def _read_on(self, target: SpfTarget, depth: int, reply: SpfReply) -> None:
        self._octets += reply.octets
        if len(reply.policies) != 1 or self._octets > MAX_TEXT:
            return
        record = read_record(reply.policies[0])
        if record.faulty is not None:
            return
        for term in record.mechanisms:
            if term.name in ASKS_DNS:
                self._ask_for(term, target, depth)
        if record.redirect is not None:
            self._ask_for(record.redirect, target, depth)

    def _ask_for(self, term: SpfTerm, domain: SpfTarget, depth: int) -> None:
        if len(self._asked) >= MAX_QUESTIONS or term.hangs_on_names:
            return
        target = self._client.find_target(term, domain)
        match term.name:
            case "include" | "redirect":
                self.read(target, depth + 1)
            case "a":
                self._ask(target, self._client.address_type)
            case "exists":
                self._ask(target, dns.rdatatype.A)
            case "mx":
                self._ask(target, dns.rdatatype.MX, self._ask_hosts)
            case "ptr":
                reverse = self._client.reverse_name
                self._ask(reverse, dns.rdatatype.PTR, partial(self._ask_names, target))

    def _ask_hosts(self, reply: SpfReply) -> None:
        if len(reply.names) <= MAX_NAMES:
            for host in reply.names:
                self._ask(host, self._client.address_type)

    def _ask_names(self, domain: SpfTarget, reply: SpfReply) -> None:
        for name in reply.names[:MAX_NAMES]:
            if domain.owner and name.owner and is_at_or_below(name.owner, domain.owner):
                self._ask(name, self._client.address_type)

    def _ask(
        self, target: SpfTarget, rdtype: dns.rdatatype.RdataType, then: Then | None = None
    ) -> None:
        if target.owner is None or len(self._asked) >= MAX_QUESTIONS:
            return
        question = Question(target.owner, rdtype)
        if question not in self._asked:
            self._asked.add(question)
            self._replies.when(question, then or _ignore)


def _ignore(_: SpfReply) -> None:
    """Do nothing with a reply but have it there."""
