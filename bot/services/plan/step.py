"""A plan as values: its steps in their order, the state of each, and who has to act."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.finding import Status

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.finding import Finding, Fix
    from bot.requests.backend import MailHosting
    from bot.requests.model import RequestKind


class Part(StrEnum):
    """What a plan consists of; a row of one of the tables in `bot.services.plan.order`."""

    DELEGATION = "delegation"  # the domain exists, and its name servers answer for it
    CONTROL = "control"  # the member has shown that they control the domain
    MAILBOXES = "mailboxes"  # of a domain that moves: those that it needs are agreed on
    SERVER = "server"  # the mail server takes mail for it
    MX = "mx"
    SPF = "spf"
    DKIM_KEY = "dkim-key"  # the mail server has a key for it, and the bot knows it
    DKIM = "dkim"
    DKIM_NEXT = "dkim-next"  # while the key is being changed: the record of the new one
    DKIM_FORMER = "dkim-former"  # that of the old one: kept as long as it is needed, then gone
    DMARC = "dmarc"  # a record that is in order, be it with `p=none`
    ZONE = "zone"  # what is at risk in the zone, such as a name server that does not answer
    EXTRAS = "extras"  # optional records that are there and wrong
    QUARANTINE = "dmarc-quarantine"
    REJECT = "dmarc-reject"
    FORMER_MAIL = "former-mail"  # of a domain that moves: the old sender is taken out
    OPTIONAL = "optional"  # optional records that are not there


class StepState(StrEnum):
    """How far a step is; the words are the contract's."""

    DONE = "done"
    NEXT = "next"  # what to do now
    LATER = "later"  # it waits for another step
    WAITING_ADMIN = "waiting-admin"
    WAITING_DNS = "waiting-dns"  # it is typed, and old answers are still kept somewhere
    UNKNOWN = "unknown"  # could not be found out
    OPTIONAL = "optional"


class Who(StrEnum):
    """Who acts in a step."""

    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Step:
    """What one person can do in one sitting at one place.

    `parts` are the rows that it is for, the first of which names it. `needs` are the steps that
    have to be done first, `findings` what it mends. What to do is `fixes` to type, or `asks` the
    admin, or neither: then the findings say it. `until` is when old answers have run out, and of
    `DKIM_FORMER` how long the record has to stay.
    """

    parts: tuple[Part, ...]
    state: StepState
    who: Who = Who.MEMBER
    needs: tuple[Part, ...] = ()
    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    asks: RequestKind | None = None
    until: datetime | None = None

    @property
    def id(self) -> Part:
        """The part that the step is named by."""
        return self.parts[0]


@dataclass(frozen=True, slots=True)
class Light:
    """How one thing stands that a mail domain needs; `wanted`: it is not there yet, no fault."""

    part: Part
    status: Status
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered steps of one domain; `moves` where its mail is at another server now."""

    steps: tuple[Step, ...]
    lights: tuple[Light, ...]
    moves: bool = False

    @property
    def next(self) -> Step | None:
        """The one step to do now; None where all is done, waits or is unknown."""
        return next((step for step in self.steps if step.state is StepState.NEXT), None)

    @property
    def place(self) -> tuple[int, int]:
        """Which step the next one is, and of how many; optional ones are not counted."""
        counted = [step for step in self.steps if step.state is not StepState.OPTIONAL]
        done = sum(step.state is StepState.DONE for step in counted)
        return min(done + 1, len(counted)), len(counted)

    @property
    def is_green(self) -> bool:
        """Whether everything required and recommended is proven right."""
        return all(light.status in {Status.PASS, Status.INFO} for light in self.lights) and not any(
            light.wanted for light in self.lights
        )

    def step(self, part: Part) -> Step | None:
        """Return the step that a part belongs to; None where the plan has no such part."""
        return next((step for step in self.steps if part in step.parts), None)


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What is known of a domain beside the DNS.

    `hosting` is None where nobody can tell (no mail server's interface, or not for these eyes): the
    step is left out then. `asked` are the kinds of requests that are open for the domain, and
    `can_ask` says whether requests are taken at all. `control` says whether the member has shown
    that they control the domain, None where that is not asked for; `token` is the text of the TXT
    record that would show it.
    """

    hosting: MailHosting | None = None
    asked: frozenset[RequestKind] = field(default_factory=frozenset)
    can_ask: bool = False
    control: bool | None = None
    token: str = ""
