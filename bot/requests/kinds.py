"""What differs between the kinds of requests: one row for each, which everything else reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.checks.finding import Check
from bot.net.certificate import Certificate
from bot.records.expected import Purpose
from bot.requests.approval import approve_by_hand, approve_domain, approve_key, approve_stage
from bot.requests.dmarc_readiness import has_policy
from bot.requests.model import MessageKind, RequestKind, State
from bot.requests.work import add_domain, find_key, leave_to_admin, write_policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.checks.report import Report
    from bot.requests.approval import Approval
    from bot.requests.backend import Capabilities
    from bot.requests.model import Request
    from bot.requests.protocols import LookSeen, Verification
    from bot.requests.verification import DomainVerifier
    from bot.requests.work import Done, Tools


class Asks(StrEnum):
    """What an admin has to say with an approval, besides yes."""

    NOTHING = "nothing"
    KEY = "key"  # the DKIM value, where the mail server's keys are out of reach
    STAGE = "stage"  # the DMARC policy
    LIMITS = "limits"  # whether the bot adds the domain, with the limits that are shown


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """The record that a member is to publish."""

    purpose: Purpose  # what it is for, among the expected records
    label: Callable[[Request], str]  # its owner name, relative to the domain
    is_live: Callable[[Report, Request], bool]  # whether a report shows it in order
    is_of_server: Callable[[Request], bool]  # whether the mail server has it, and may change it


@dataclass(frozen=True, slots=True)
class KindRules:
    """How requests of one kind are approved, carried out, told of, and seen to be done."""

    check: Check  # whose verdict is about what is asked for
    asks: Asks
    can_do: Callable[[Capabilities], bool]  # whether the bot carries it out itself
    approve: Callable[[Approval, Request, datetime], dict[str, Any]]  # the fields that it sets
    work: Callable[[Request, Tools], Awaitable[Done]]
    verify: Callable[[DomainVerifier, Request], Awaitable[Verification]]
    handed_out: MessageKind  # what the member is sent when the work is done
    record: PublishedRecord | None = None  # None: it is done on the mail server
    makes_on_server: bool = False  # whether the work has the mail server make something
    # Whether a look that was made for another reason shows that it may be done there by now.
    may_be_done: Callable[[LookSeen, Request], bool] = lambda _, __: False

    def is_shown_by(self, seen: LookSeen, request: Request) -> bool:
        """Whether a look shows what is asked for to be live, or enough of it to look closer."""
        if self.record is not None:
            return self.record.is_live(seen.report, request)
        return self.may_be_done(seen, request)

    def asks_server(self, request: Request) -> bool:
        """Whether the work on a request has the mail server make something for its domain."""
        return self.makes_on_server and not request.by_hand

    @property
    def is_finished_by_admin(self) -> bool:
        """Whether an admin may say that it is done; a record is seen in the DNS."""
        return self.record is None


def waits_for_admin(request: Request) -> bool:
    """Whether it is an admin's turn: no record of the request is out for the member to publish."""
    if not request.open or request.state in {State.LIVE, State.CLOSED}:
        return False
    return request.state is not State.WAITING or KINDS[request.kind].record is None


_DKIM_RECORD = PublishedRecord(
    Purpose.DKIM,
    label=lambda request: f"{request.selector}._domainkey",
    is_live=lambda report, _: report.proves(Check.DKIM),
    is_of_server=lambda request: not request.by_hand,
)
_DMARC_RECORD = PublishedRecord(
    Purpose.DMARC,
    label=lambda _: "_dmarc",
    is_live=lambda report, request: has_policy(report, request.stage or "none"),
    is_of_server=lambda _: False,
)


def _has_new_alias(seen: LookSeen, request: Request) -> bool:
    """Whether the webmail alias leads to us where the request's own look did not see that yet."""
    return seen.report.passes(Check.WEBMAIL) and request.seen not in set(Certificate)


KINDS: Mapping[RequestKind, KindRules] = MappingProxyType(
    {
        RequestKind.DKIM: KindRules(
            check=Check.DKIM,
            asks=Asks.KEY,
            can_do=lambda capabilities: capabilities.can_make_keys,
            approve=approve_key,
            work=find_key,
            verify=lambda verifier, request: verifier.verify_record(request, _DKIM_RECORD),
            handed_out=MessageKind.MEMBER_RECORD,
            record=_DKIM_RECORD,
            makes_on_server=True,
        ),
        RequestKind.DMARC: KindRules(
            check=Check.DMARC,
            asks=Asks.STAGE,
            can_do=lambda _: True,
            approve=approve_stage,
            work=write_policy,
            verify=lambda verifier, request: verifier.verify_record(request, _DMARC_RECORD),
            handed_out=MessageKind.MEMBER_RECORD,
            record=_DMARC_RECORD,
        ),
        RequestKind.MAILDOMAIN: KindRules(
            check=Check.MX,
            asks=Asks.LIMITS,
            can_do=lambda capabilities: capabilities.can_add_domains,
            approve=approve_domain,
            work=add_domain,
            may_be_done=lambda seen, _: "server" in seen.done,
            verify=lambda verifier, request: verifier.verify_on_server(request),
            handed_out=MessageKind.MEMBER_ACCEPTED,
            makes_on_server=True,
        ),
        RequestKind.WEBMAIL: KindRules(
            check=Check.WEBMAIL,
            asks=Asks.NOTHING,
            can_do=lambda _: False,
            approve=approve_by_hand,
            work=leave_to_admin,
            may_be_done=_has_new_alias,
            verify=lambda verifier, request: verifier.verify_certificate(request),
            handed_out=MessageKind.MEMBER_ACCEPTED,
        ),
    }
)
