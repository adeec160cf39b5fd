"""What a domain should publish, for the advice and for the check alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.dns.owner_name import owner_of
from bot.names import absolute_text_of
from bot.records.dkim_key import KeyUnknown, KnownKey
from bot.records.dmarc_policy import (
    POLICIES,
    POLICY_TAGS,
    DmarcPolicy,
    policy_to_hand_out,
    read_policy,
)
from bot.records.key_change import KeyRole
from bot.records.presentation import full_name
from bot.records.srv_services import srv_services

if TYPE_CHECKING:
    import dns.name

    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.key_change import KeyChange
    from bot.records.mail_server import MailServer


class Need(StrEnum):
    """How much a domain's mail depends on a record."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


class Purpose(StrEnum):
    """What a record is for; each has a template `records/<purpose>.j2` that says it."""

    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DKIM_NEXT = "dkim-next"  # of a key that is to sign, beside the one that signs
    DKIM_FORMER = "dkim-former"  # of a key that has signed mails which are under way
    DMARC = "dmarc"
    WEBMAIL = "webmail"
    AUTOCONFIG = "autoconfig"
    AUTODISCOVER = "autodiscover"
    AUTODISCOVER_SRV = "autodiscover-srv"
    IMAPS_SRV = "imaps-srv"
    SUBMISSIONS_SRV = "submissions-srv"


_ORDER = {purpose: place for place, purpose in enumerate(Purpose)}
# By which word of an offer each optional record is handed out.
_OFFERED_AS = {
    Purpose.WEBMAIL: "webmail",
    Purpose.AUTOCONFIG: "autoconfig",
    Purpose.AUTODISCOVER: "autodiscover",
    Purpose.AUTODISCOVER_SRV: "autodiscover",
    Purpose.IMAPS_SRV: "srv",
    Purpose.SUBMISSIONS_SRV: "srv",
}
# What the record of a domain's other key is for; the others are not to be published.
_OTHER_KEYS = {KeyRole.NEXT: Purpose.DKIM_NEXT, KeyRole.FORMER: Purpose.DKIM_FORMER}
_SRV_PURPOSES = {
    "_imaps._tcp": Purpose.IMAPS_SRV,
    "_submissions._tcp": Purpose.SUBMISSIONS_SRV,
}


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """One record that a domain should publish.

    `owner` is absolute. `value` is in presentation form: names absolute with their final dot, TXT
    as unquoted text, MX without its priority. `ttl` is in seconds.
    """

    purpose: Purpose
    owner: dns.name.Name
    type: str
    value: str
    ttl: int
    need: Need
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """All that a domain should publish, in the order of doing it.

    `records` are handed out; `others` are optional ones that are not offered, by which those of
    the domain's own are judged.
    `dmarc` is the DMARC value that the domain is handed out, also where there can be no such
    record; `dmarc_stage` the policy that the admin approved for it, None where nothing was.
    `former` are the server's earlier keys for the domain, whose records may still be there.
    `change` is the other key of a domain whose key is being changed; None where there is none, or
    where nobody knows which key signs.
    """

    domain: Domain
    server: MailServer
    dkim: DkimKnowledge
    records: tuple[ExpectedRecord, ...]
    dmarc: str
    dmarc_stage: str | None = None
    former: tuple[KnownKey, ...] = ()
    others: tuple[ExpectedRecord, ...] = ()
    change: KeyChange | None = None

    @property
    def selector(self) -> str:
        """The DKIM selector: the known key's, else the one for new keys."""
        return self.dkim.selector if isinstance(self.dkim, KnownKey) else self.server.dkim_selector

    def record(self, purpose: Purpose) -> ExpectedRecord | None:
        """Return the record of a purpose, offered or not; None where the domain can have none."""
        for records in (self.records, self.others):
            for record in records:
                if record.purpose is purpose:
                    return record
        return None

    def with_proof(self, *, spf_proven: bool, dkim_proven: bool) -> Expected:
        """Return the same for a domain of which a report says that SPF and DKIM work."""
        approved = None if self.dmarc_stage is None else read_policy(self.dmarc_stage)
        return self.at_policy(
            policy_to_hand_out(spf_proven=spf_proven, dkim_proven=dkim_proven, approved=approved)
        )

    def at_policy(self, policy: DmarcPolicy) -> Expected:
        """Return the same with the DMARC record at a policy."""
        dmarc = staged_dmarc(self.server.dmarc, policy)
        if dmarc == self.dmarc:
            return self
        records = tuple(
            replace(record, value=dmarc) if record.purpose is Purpose.DMARC else record
            for record in self.records
        )
        return replace(self, records=records, dmarc=dmarc)

    def facts(self, record: ExpectedRecord) -> dict[str, Fact]:
        """Return what the template `records/<purpose>.j2` may say about one of the records.

        `change` is the role of the domain's other key, empty where it has none, and `until` how
        long its record stays at least, in seconds since 1970; None where nobody knows.
        """
        change = self.change
        until = None if change is None else change.until
        return {
            "domain": self.domain.ascii,
            "host": self.server.host_text,
            "service": self.server.name,
            "name": full_name(record.owner),
            "change": "" if change is None else change.role.value,
            "until": None if until is None else int(until.timestamp()),
        }


def expect(
    server: MailServer,
    domain: Domain,
    dkim: DkimKnowledge = KeyUnknown(),  # noqa: B008 - a frozen value without fields
    dmarc_stage: str | None = None,
    former: tuple[KnownKey, ...] = (),
    *,
    change: KeyChange | None = None,
) -> Expected:
    """Return what a domain should publish to have its mail at the server.

    A record that cannot be is left out: one whose name is invalid or over 253 characters, an
    alias at the mail host or the domain itself, or an alias where another record has to stand.
    Nothing is proven of the domain here, so the DMARC record is the one for that; what a report
    proves is added by `Expected.with_proof`. A `change` to a key at the selector of `dkim` is none.

    Raises:
        ValueError: `dmarc_stage` is no DMARC policy.

    """
    approved = None if dmarc_stage is None else read_policy(dmarc_stage)
    policy = policy_to_hand_out(spf_proven=False, dkim_proven=False, approved=approved)
    dmarc = staged_dmarc(server.dmarc, policy)
    plan = _Plan(server, domain)
    host = absolute_text_of(server.host)
    plan.add(Purpose.MX, "", "MX", host, Need.REQUIRED, priority=server.mx_priority)
    plan.add(Purpose.SPF, "", "TXT", server.spf, Need.REQUIRED)
    if isinstance(dkim, KnownKey):
        label = f"{dkim.selector}._domainkey"
        plan.add(Purpose.DKIM, label, "TXT", dkim.record.text, Need.RECOMMENDED)
    change = _fit(change, dkim)
    if change is not None and (purpose := _OTHER_KEYS.get(change.role)) is not None:
        label = f"{change.key.selector}._domainkey"
        plan.add(purpose, label, "TXT", change.key.record.text, Need.RECOMMENDED)
    plan.add(Purpose.DMARC, "_dmarc", "TXT", dmarc, Need.RECOMMENDED)
    plan.add(Purpose.AUTODISCOVER_SRV, "_autodiscover._tcp", "SRV", f"0 1 443 {host}")
    for service in srv_services(server):
        if service.usual:
            plan.add(_SRV_PURPOSES[service.label], service.label, "SRV", service.value(server))
    plan.add(Purpose.AUTOCONFIG, "autoconfig", "CNAME", host)
    plan.add(Purpose.AUTODISCOVER, "autodiscover", "CNAME", host)
    plan.add(Purpose.WEBMAIL, server.webmail_label, "CNAME", host)
    offered, others = list[ExpectedRecord](), list[ExpectedRecord]()
    for record in sorted(plan.records, key=lambda record: _ORDER[record.purpose]):
        (offered if _is_offered(record, server) else others).append(record)
    records = tuple(offered)
    return Expected(
        domain, server, dkim, records, dmarc, dmarc_stage, former, tuple(others), change
    )


def _fit(change: KeyChange | None, dkim: DkimKnowledge) -> KeyChange | None:
    """Return a change where it is known which key signs, and the other one is at another name."""
    if change is None or not isinstance(dkim, KnownKey):
        return None
    return None if change.key.selector.lower() == dkim.selector.lower() else change


def _is_offered(record: ExpectedRecord, server: MailServer) -> bool:
    word = _OFFERED_AS.get(record.purpose)
    return word is None or word in server.offer


@lru_cache(maxsize=64)  # every domain of a server has one of three
def staged_dmarc(strict: str, policy: DmarcPolicy) -> str:
    """Return a DMARC value with its `p`, `sp` and `np` at a policy, its tags and their order kept.

    An `sp` or `np` that is weaker than `p` by the operator's own choice is made no stricter.
    """
    parts = [(part, *_read_tag(part)) for part in strict.split(";")]
    own = next((asked for _, name, asked in parts if name == "p"), None)
    staged = []
    for part, name, asked in parts:
        if name not in POLICY_TAGS:
            staged.append(part)
            continue
        weaker = asked is not None and own is not None and asked.weaker_than(own)
        value = asked if asked is not None and weaker and asked.weaker_than(policy) else policy
        staged.append(f"{part.partition('=')[0].rstrip()}={value}")
    return ";".join(staged)


def _read_tag(part: str) -> tuple[str, DmarcPolicy | None]:
    """Return the name of a tag in lower case, and the policy in it where there is one."""
    name, _, value = part.partition("=")
    value = value.strip().lower()
    return name.strip().lower(), DmarcPolicy(value) if value in POLICIES else None


class _Plan:
    """The records so far; an alias is added last, as it may stand beside no other record."""

    def __init__(self, server: MailServer, domain: Domain) -> None:
        self._server = server
        self._domain = domain
        self._taken = {owner_of(domain.name), owner_of(server.host)}
        self.records: list[ExpectedRecord] = []

    def add(
        self,
        purpose: Purpose,
        label: str,
        rdtype: str,
        value: str,
        need: Need = Need.OPTIONAL,
        *,
        priority: int | None = None,
    ) -> None:
        """Add a record at a label below the domain, unless there cannot be one."""
        owner = self._domain.below(label) if label else self._domain.name
        # Everything beside a CNAME is hidden by it (RFC 2181 section 10.1).
        if owner is None or (rdtype == "CNAME" and owner_of(owner) in self._taken):
            return
        self._taken.add(owner_of(owner))
        ttl = self._server.record_ttl
        self.records.append(ExpectedRecord(purpose, owner, rdtype, value, ttl, need, priority))
