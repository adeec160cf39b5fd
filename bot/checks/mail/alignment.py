"""How domains agree with that of From, and the DMARC result that follows (RFC 9989)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.dmarc.record import discover, known_organization, walk_names
from bot.checks.mail.mail_verdict import Alignment, AuthResult
from bot.checks.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name

    from bot.checks.dmarc.record import Discovery
    from bot.checks.mail.mail_verdict import Signature
    from bot.dns.answer import Answer
    from bot.names import Domain


class FromDomain:
    """The domain of From, with its policy by the answers of the tree walks."""

    def __init__(self, domain: Domain, policies: Mapping[dns.name.Name, Answer]) -> None:
        self.domain = domain
        self._policies = policies
        self._organisation = self._find_organisation(domain)
        self.discovery: Discovery = discover(self._observe(domain))

    @property
    def policy(self) -> str:
        """The policy that is asked for, empty for none."""
        return str(self.discovery.policy or "")

    @property
    def policy_unknown(self) -> bool:
        """Whether the DNS did not say which record applies."""
        return self.discovery.record is None and self.discovery.failed is not None

    def wants_strict(self, tag: str) -> bool:
        """Whether `adkim` or `aspf` asks for the very same domain (section 4.7)."""
        record = self.discovery.record
        return record is not None and (record.get(tag) or "").lower() == "s"

    def align(self, domain: Domain | None) -> Alignment:
        """Return how a domain agrees with From's (section 4.4)."""
        if domain is None or not _could_be_one(domain, self.domain):
            return Alignment.NONE
        if domain == self.domain:
            return Alignment.STRICT
        other = self._find_organisation(domain)
        if other is None or self._organisation is None:
            return Alignment.UNKNOWN
        return Alignment.RELAXED if other == self._organisation else Alignment.NONE

    def judge(
        self, signatures: tuple[Signature, ...], spf: AuthResult, spf_alignment: Alignment
    ) -> AuthResult:
        """Return the DMARC result: one aligned pass is enough (section 5.3.5)."""
        if self.policy_unknown:
            return AuthResult.TEMPERROR
        if self.discovery.policy is None:
            return AuthResult.NONE
        found = [(s.outcome, s.alignment, "adkim") for s in signatures]
        found.append((spf, spf_alignment, "aspf"))
        counted = [
            (outcome, alignment)
            for outcome, alignment, tag in found
            if alignment is not Alignment.NONE
            and (alignment is Alignment.STRICT or not self.wants_strict(tag))
        ]
        if any(o is AuthResult.PASS and a is not Alignment.UNKNOWN for o, a in counted):
            return AuthResult.PASS
        open_ends = {AuthResult.PASS, AuthResult.TEMPERROR}
        return AuthResult.TEMPERROR if any(o in open_ends for o, _ in counted) else AuthResult.FAIL

    def _observe(self, domain: Domain) -> Observation:
        names = walk_names(domain)
        return Observation.of(domain, [self._policies[n] for n in names if n in self._policies])

    def _find_organisation(self, domain: Domain) -> dns.name.Name | None:
        return known_organization(self._observe(domain))


def names_to_ask(domains: tuple[Domain, ...], from_domain: Domain) -> tuple[dns.name.Name, ...]:
    """Return where the policies of From and of domains that could agree with it may stand."""
    concerned = [domain for domain in domains if _could_be_one(domain, from_domain)]
    names = (name for domain in (from_domain, *concerned) for name in walk_names(domain))
    return tuple(dict.fromkeys(names))


def _could_be_one(one: Domain, other: Domain) -> bool:
    """Whether two domains can be of one organisation: that is a name above, or equal to, both."""
    return one.name.labels[-2] == other.name.labels[-2]
