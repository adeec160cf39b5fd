"""What SPF says of an address: the result of an evaluation, its cause, and how it came to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dns.answer import Answer

_REFUSALS: Final = frozenset({"fail", "softfail", "neutral", "none"})


class SpfCause(StrEnum):
    """Why an evaluation came to none, permerror or temperror."""

    NONE = "none"  # the domain has no SPF record
    MULTIPLE = "multiple"  # a domain has more than one (section 4.5)
    SYNTAX = "syntax"
    INCLUDE_MISSING = "include-missing"  # include or redirect of a domain without SPF record
    LOOP = "loop"  # a record comes back to itself by include or redirect
    TOO_MANY_LOOKUPS = "too-many-lookups"
    TOO_MANY_VOIDS = "too-many-voids"  # more than two questions without an answer
    TOO_MANY_MX = "too-many-mx"  # a mx mechanism whose domain has more than ten MX records
    BUDGET = "budget"  # more than we ask or read; not the RFC's verdict, which is unknown
    TEMPERROR = "temperror"  # the DNS failed


@dataclass(frozen=True, slots=True)
class SpfStep:
    """A term and the domain whose record holds it; both are text from a zone."""

    domain: str
    term: str


@dataclass(frozen=True, slots=True)
class SpfEvaluation:
    """What SPF says of one address sending for one domain.

    `result` is one of RFC 7208 section 2.6; where we gave up (`SpfCause.BUDGET`) it is temperror.
    `path` leads from the domain's own term to the term that matched, or to the one where the
    evaluation broke off; it is empty where neither is the case. `lookups` counts on past the limit
    of ten, to 20 at most, as far as this address' evaluation goes. `policies` are the records
    read, each with its domain, in the order met.
    """

    address: str
    domain: str
    result: str
    cause: SpfCause | None = None
    path: tuple[SpfStep, ...] = ()
    lookups: int = 0
    voids: int = 0
    void_names: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    failed: Answer | None = None  # the question that the DNS failed to answer, for temperror
    unread: str = ""  # the name whose records are more than we read, for `SpfCause.BUDGET`

    @property
    def matched(self) -> SpfStep | None:
        """The domain's own term that decided, or None where none matched."""
        return self.path[0] if self.path and self.cause is None else None

    @property
    def is_refusal(self) -> bool:
        """Whether the record was read to its end and does not allow the address."""
        return self.result in _REFUSALS

    @property
    def term(self) -> str:
        """The term to blame for the cause, or the innermost that matched; empty where none is."""
        return self.path[-1].term if self.path else ""

    @property
    def at(self) -> str:
        """The domain whose record holds `term`."""
        return self.path[-1].domain if self.path else self.domain


def policies_of(evaluations: Iterable[SpfEvaluation]) -> dict[str, str]:
    """Return the records that evaluations read, by lower-case domain without final dot.

    Of several at one domain the first counts.
    """
    met: dict[str, str] = {}
    for domain, text in (policy for evaluation in evaluations for policy in evaluation.policies):
        met.setdefault(domain.lower().rstrip("."), text)
    return met
