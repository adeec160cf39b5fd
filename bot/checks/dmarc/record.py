"""DMARC records (RFC 9989): parses them, compares them by meaning, and does the tree walk."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import dns.name
from dns.rdatatype import TXT

from bot.checks.answers import answer_to, decode_texts, prefix_name
from bot.checks.dmarc.report_uri import parse_entries
from bot.checks.text_bounds import is_too_much
from bot.dns.answer import Outcome
from bot.dns.owner_name import owner_of
from bot.records.dmarc_policy import POLICIES, POLICY_TAGS, DmarcPolicy
from bot.records.tag_list import FaultKind, parse_tags
from bot.records.text_cache import TextCache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.dmarc.report_uri import ReportAddress
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.names import Domain

REMOVED_TAGS = ("pct", "rf", "ri")  # RFC 9989 appendix A.6: gone since RFC 7489
ALL_MAIL = 100  # per cent: what pct is where it is not given (RFC 7489 section 6.3)
_LABELS_WALKED = 7  # RFC 9989 section 4.10: longer names go on with this many labels
# The version is the one tag whose value is compared with case (RFC 9989 section 4.8).
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_MEANT = re.compile(r"v\s*[=:][\s\"'\\]*dmarc|^\W*dmarc\d?\b", re.IGNORECASE)
_POLICY_MEANT = re.compile(
    rf"(?:^\W*|;[\s\"'\\]*)p\s*[=:]\s*(?:{'|'.join(POLICIES)})", re.IGNORECASE
)
_POLICY_OF = {str(policy): policy for policy in DmarcPolicy}
_SHARE = re.compile(r"[0-9]{1,3}")
_NO_TAG = frozenset({FaultKind.NO_EQUALS, FaultKind.EMPTY_NAME, FaultKind.BAD_NAME})
_ODD = frozenset({FaultKind.EMPTY_PART, FaultKind.BAD_VALUE})


@dataclass(frozen=True)  # without slots, for the properties that are worked out once
class DmarcRecord:
    """A text that says `v=DMARC1` first; whatever else may be wrong with it (section 4.8).

    `tags` are the names in lower case with their values; of a repeated one the first counts.
    `broken` are the parts that are no tag, `odd` those that are empty or hold characters that
    no tag may have.
    """

    text: str
    tags: tuple[tuple[str, str], ...]
    broken: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first value of a tag, None where it is not there."""
        for tag, value in self.tags:
            if tag == name:
                return value
        return None

    def policy(self, name: str) -> DmarcPolicy | None:
        """Return the policy in `p`, `sp` or `np`; None where there is none or no valid one."""
        value = self.get(name)
        return None if value is None else _POLICY_OF.get(value.lower())

    @cached_property
    def invalid_policies(self) -> tuple[tuple[str, str], ...]:
        """The policy tags with an invalid value; a missing `p` is among them with the value ""."""
        tags = ((name, self.get(name)) for name in POLICY_TAGS)
        return tuple(
            (name, value or "")
            for name, value in tags
            if (value is not None or name == "p") and self.policy(name) is None
        )

    @cached_property
    def repeated(self) -> tuple[str, ...]:
        """The names of tags that come more than once."""
        counted = Counter(name for name, _ in self.tags)
        return tuple(name for name, count in counted.items() if count > 1)

    @property
    def share(self) -> int | None:
        """The per cent of mail that receivers of RFC 7489 apply the policy to; None: no number."""
        value = self.get("pct")
        if value is None:
            return ALL_MAIL
        share = int(value) if _SHARE.fullmatch(value) else ALL_MAIL + 1
        return share if share <= ALL_MAIL else None

    @property
    def claims_suffix(self) -> bool:
        """`psd=y`: the domain says of itself that it is a public suffix (RFC 9989 section 4.7)."""
        return (self.get("psd") or "").lower() == "y"

    @property
    def testing(self) -> bool:
        """`t=y`: the domain is trying its policy out, receivers are not to apply it."""
        return (self.get("t") or "").lower() == "y"

    def addresses(self, name: str) -> tuple[ReportAddress, ...]:
        """Return the entries of `rua` or `ruf`; one faulty entry where the tag is empty."""
        value = self.get(name)
        return () if value is None else _read_addresses(value)

    def requested(self, *, inherited: bool = False, exists: bool = True) -> DmarcPolicy | None:
        """Return the policy for the domain; None where receivers disregard the record.

        A record of a domain above (`inherited`) speaks with `sp`, to a domain that does not exist
        with `np` first. With an invalid policy and a valid `rua` it acts as `p=none`.
        """
        if self.invalid_policies:
            reports = any(not entry.fault for entry in self.addresses("rua"))
            return DmarcPolicy.NONE if reports else None
        order = ("sp", "p") if exists else ("np", "sp", "p")
        names = order if inherited else ("p",)
        return next(policy for name in names if (policy := self.policy(name)) is not None)


_read_addresses = TextCache(parse_entries)  # host names take long to read


@TextCache  # one check reads the same few records again and again
def parse_record(text: str) -> DmarcRecord | None:
    """Return the record in a TXT, None where it is none for receivers; never raises."""
    if not _VERSION.match(text):
        return None
    tags = parse_tags(text)
    pairs = tuple((name.lower(), value) for name, value in tags.pairs)
    broken = tuple(fault.text for fault in tags.faults if fault.kind in _NO_TAG)
    odd = tuple(fault.text for fault in tags.faults if fault.kind in _ODD)
    return DmarcRecord(text, pairs, broken, odd)


def is_meant_as_dmarc(text: str) -> bool:
    """Whether a text that is no DMARC record was meant to be one."""
    return parse_record(text) is None and bool(_MEANT.search(text) or _POLICY_MEANT.search(text))


def mean_the_same(one: DmarcRecord, other: DmarcRecord) -> bool:
    """Whether receivers act the same on both: order, case, blanks and obsolete tags are ignored."""
    return _meaning(one) == _meaning(other)


def _meaning(record: DmarcRecord) -> tuple[object, ...]:
    p, sp, np = (record.policy(name) for name in POLICY_TAGS)
    defaults = {"adkim": "r", "aspf": "r", "t": "n", "psd": "u", "fo": "0"}
    values = {name: (record.get(name) or value).lower() for name, value in defaults.items()}
    options = frozenset(option.strip() for option in values.pop("fo").split(":"))
    reports = (frozenset(_spell(a) for a in record.addresses(n)) for n in ("rua", "ruf"))
    faults = (record.invalid_policies, record.broken, record.odd, record.repeated)
    return (p, sp or p, np or sp or p, tuple(values.items()), options, *reports, faults)


def _spell(entry: ReportAddress) -> str:
    local, _, host = entry.address.rpartition("@")
    return f"{local}@{host.lower().rstrip('.')}" if not entry.fault else entry.text


@dataclass(frozen=True, slots=True)
class Discovery:
    """The record that speaks for a domain (RFC 9989 section 4.10.1).

    `record` is None where none applies, and then `failed` is the answer that might have brought
    one. `owner` is the domain whose record it is; `policy` is what it asks for, without `t`.
    `organization` is the organizational domain (section 4.10.2) by the answers at hand.
    """

    organization: dns.name.Name
    record: DmarcRecord | None = None
    owner: dns.name.Name | None = None
    inherited: bool = False
    policy: DmarcPolicy | None = None
    failed: Answer | None = None

    @property
    def in_force(self) -> str:
        """The policy that receivers are asked to act on now, empty where there is none such."""
        if self.record is None or self.record.testing or self.policy in {None, DmarcPolicy.NONE}:
            return ""
        return str(self.policy)


def walk_names(domain: Domain) -> tuple[dns.name.Name, ...]:
    """Return the names of the tree walk in order, the domain's own first; eight at most."""
    return _walk_names(domain.name.labels)


@lru_cache(maxsize=256)  # each name is walked from several times in a check
def _walk_names(labels: tuple[bytes, ...]) -> tuple[dns.name.Name, ...]:
    count = len(labels) - 1  # without the root
    first_parent = max(1, count - _LABELS_WALKED)
    walked = (labels, *(labels[i:] for i in range(first_parent, count)))
    return tuple(name for each in walked if (name := prefix_name((b"_dmarc",), each)) is not None)


def find_records(answer: Answer | None) -> tuple[DmarcRecord, ...]:
    """Return what is a DMARC record among an answer's texts."""
    return select_records(decode_texts(answer))


def select_records(texts: Iterable[str]) -> tuple[DmarcRecord, ...]:
    """Return what is a DMARC record among texts."""
    return tuple(record for record in map(parse_record, texts) if record is not None)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What the tree walk found: single records in order, and the first answer that failed.

    The records are those of the domains with these labels.
    """

    records: dict[tuple[bytes, ...], DmarcRecord]
    failed: Answer | None


def discover(observed: Observation) -> Discovery:
    """Return the record that applies to the observed domain, found in the answers alone."""
    domain = observed.domain.name
    walk = _walk(observed)
    organization = _choose_organization(domain, walk)
    if (own := walk.records.get(domain.labels)) is not None:
        return Discovery(organization, own, domain, policy=own.requested())
    owner = organization.labels
    if owner not in walk.records:
        owner = next(iter(reversed(walk.records)), owner)  # the public suffix's, if any
    record = walk.records.get(owner)
    if record is None:
        return Discovery(organization, failed=walk.failed)
    policy = record.requested(inherited=True, exists=not _is_denied(observed))
    return Discovery(organization, record, dns.name.Name(owner), inherited=True, policy=policy)


def known_organization(observed: Observation) -> dns.name.Name | None:
    """Return the organizational domain, or None where a question of the walk was not answered."""
    walk = _walk(observed)
    return None if walk.failed else _choose_organization(observed.domain.name, walk)


def _walk(observed: Observation) -> _Walk:
    records: dict[tuple[bytes, ...], DmarcRecord] = {}
    failed: Answer | None = None
    for name in walk_names(observed.domain):
        answer = answer_to(observed, name, TXT)
        owner = name.labels[1:]
        # What a single label (a top-level domain) fails to answer is taken as no record: hardly
        # any publishes one, and nobody here could do anything about it.
        if answer.failed and failed is None and len(owner) > 2:
            failed = answer
        if not answer.rdatas:
            continue
        if is_too_much(answer):
            break  # what it says may well speak for the domain, and nobody knows
        found = find_records(answer)
        if len(found) == 1:  # section 4.10: several are all disregarded
            records[owner] = found[0]
            if (found[0].get("psd") or "").lower() in {"y", "n"}:
                break
    return _Walk(records, failed)


def _choose_organization(domain: dns.name.Name, walk: _Walk) -> dns.name.Name:
    if not walk.records:
        return domain
    last = next(reversed(walk.records))  # fewest labels, or the one whose psd ended the walk
    if last == domain.labels:
        return domain
    below = (walk.records[last].get("psd") or "").lower() == "y"
    return dns.name.Name(domain.labels[-len(last) - below :])


def _is_denied(observed: Observation) -> bool:
    """Whether the domain itself does not exist."""
    domain = owner_of(observed.domain.name)
    return any(
        answer.outcome is Outcome.NXDOMAIN and not answer.chain
        for question, answer in observed.answers.items()
        if question.owner == domain
    )
