"""Test mails as values: what a member sends to the probe, and what is sent to a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.mail.proven_keys import ProvenKey
    from bot.names import Domain

TOKEN_LASTS: Final = timedelta(minutes=30)
ON_ITS_WAY: Final = timedelta(minutes=1)  # after it, a mail that was sent in time still counts
TESTS_KEPT: Final = timedelta(days=30)
PASS_COUNTS: Final = timedelta(days=7)  # for a strict DMARC policy
TESTS_AN_HOUR: Final = 6  # of one member
SENT_A_DAY: Final = 3  # to one member, and to one domain


class MailTestState(StrEnum):
    """How far a test has come."""

    WAITING = "waiting"  # no mail yet
    TAKEN = "taken"  # its mail was found, and is being judged
    ARRIVED = "arrived"  # judged
    ENDED = "ended"  # no mail came in time, as far as could be looked


class MailTestFault(StrEnum):
    """Why nothing is known of a mail."""

    TOO_BIG = "too-big"
    UNREADABLE = "unreadable"  # a fault of ours; the log says which
    NOT_LOOKED = "not-looked"  # the mailbox could not be read, so whether one came is not known


@dataclass(frozen=True, slots=True)
class MailPlace:
    """Where a mail lies: its folder, and its number there while `validity` stays the same."""

    folder: str
    validity: int
    uid: int
    in_spam: bool = False


@dataclass(frozen=True, slots=True)
class MailTest:
    """One test that a member asked for; the token is kept as its digest alone."""

    id: int
    member_id: int  # negative: the pseudonym of a member who was forgotten
    domain: Domain | None  # that is to be tested; None: the one that the mail is from
    made_at: datetime
    ends_at: datetime
    state: MailTestState
    place: MailPlace | None = None  # of the mail, as long as it is in the mailbox
    from_domain: Domain | None = None
    passed: bool = False
    verdict: str = ""  # as `dump_verdict` writes it
    head: str = ""  # the mail's header; hostile
    fault: str = ""  # a `MailTestFault`
    in_spam: bool = False
    arrived_at: datetime | None = None

    @property
    def forgotten(self) -> bool:
        """Whether the member had their data deleted: there is nobody to tell."""
        return self.member_id < 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in {MailTestState.ARRIVED, MailTestState.ENDED}

    @property
    def is_foreign(self) -> bool:
        """Whether the mail came from another domain than the one that was to be tested."""
        return self.domain is not None and self.from_domain != self.domain


@dataclass(frozen=True, slots=True)
class JudgedMail:
    """What a mail came to, to be kept with its test; without a verdict where it has a `fault`."""

    arrived_at: datetime | None
    head: str = ""
    verdict: str = ""
    from_domain: Domain | None = None
    passed: bool = False
    fault: str = ""
    proven: tuple[ProvenKey, ...] = ()  # keys that it was signed with; not kept


class MailProofKind(StrEnum):
    """What test mails show of a domain."""

    NOT_ASKED = "not-asked"  # no mailbox for them is configured
    PASSED = "passed"
    NONE = "none"  # no mail of the domain was seen
    OLD = "old"  # one passed, too long ago
    FAILED = "failed"  # the latest did not pass


@dataclass(frozen=True, slots=True)
class MailProof:
    """What test mails show of a domain; `at` is when the one that says so arrived."""

    kind: MailProofKind
    at: datetime | None = None

    @property
    def is_enough(self) -> bool:
        """Whether nothing is missing for a strict DMARC policy."""
        return self.kind in {MailProofKind.NOT_ASKED, MailProofKind.PASSED}


NOT_ASKED: Final = MailProof(MailProofKind.NOT_ASKED)


def weigh_tests(tests: tuple[MailTest, ...], domain: Domain, now: datetime) -> MailProof:
    """Return what the tests of a domain show, any order.

    One counts where its mail is from the domain, and from no other than the one asked for. A mail
    that passed within a week counts, whatever came after it: who sends from elsewhere as well
    tests that too.
    """
    counting = sorted(
        (
            (test.arrived_at, test.passed)
            for test in tests
            if test.state is MailTestState.ARRIVED
            and test.arrived_at is not None
            and test.from_domain == domain
            and not test.is_foreign
        ),
    )
    passed = [at for at, has_passed in counting if has_passed]
    if passed and passed[-1] >= now - PASS_COUNTS:
        return MailProof(MailProofKind.PASSED, passed[-1])
    if not counting:
        return MailProof(MailProofKind.NONE)
    latest, has_passed = counting[-1]
    return MailProof(MailProofKind.OLD if has_passed else MailProofKind.FAILED, latest)


class SentState(StrEnum):
    """What came of a mail to a member."""

    SENDING = "sending"  # written before it is handed in
    TAKEN = "taken"  # the server took it for sending
    REFUSED = "refused"
    FAILED = "failed"  # nothing was sent
    UNCLEAR = "unclear"  # it may have been sent


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail that was sent to a member; its address is not kept."""

    id: int
    member_id: int
    domain: Domain
    made_at: datetime
    state: SentState
    arrived: bool | None = None  # as the member says; None: they have not yet
