"""Repairs a faulty DMARC record: writes one value that has none of its faults, and keeps the rest.

A record is kept as it was meant, not as receivers read it: nothing that can be read is lost.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from bot.checks.dmarc.faults import VALUES, is_valid, mend_value
from bot.checks.dmarc.record import mean_the_same, parse_record
from bot.checks.dmarc.report_addresses import handed_out_addresses, own_addresses
from bot.checks.dmarc.slips import QUOTES, read_meant
from bot.public_suffix import is_public_suffix
from bot.records.dmarc_policy import POLICIES, POLICY_TAGS, DmarcPolicy

if TYPE_CHECKING:
    from bot.checks.dmarc.record import DmarcRecord
    from bot.records.expected import Expected


class DmarcRepair:
    """Writes the value to publish for one domain.

    `expected` has the record that is handed out, at the policy that the rule allows. A policy that
    is in force stays, however strict; one that is not becomes no stricter than is handed out.
    `early`: one is in force though DKIM has no key, so it has to go to none until it has.
    """

    def __init__(self, expected: Expected, *, early: bool) -> None:
        self._expected = expected
        self._early = early
        self._handed_out = parse_record(expected.dmarc)
        policy = self._handed_out.policy("p") if self._handed_out is not None else None
        self._wanted = policy or DmarcPolicy.NONE

    @property
    def replacement(self) -> str:
        """The report addresses (`rua`) that the operator configured; empty where there are none."""
        addresses = handed_out_addresses(self._expected) or own_addresses(self._expected, "rua")
        return _join(addresses)

    def lacks_suffix(self, record: DmarcRecord) -> bool:
        """Whether the record says that the domain is a public suffix, which it is not."""
        return record.claims_suffix and not is_public_suffix(self._expected.domain.name)

    def mend(
        self, text: str, unwanted: tuple[str, ...] = (), *, is_at_its_name: bool = True
    ) -> str:
        """Return the record without its faults; the rest of what it says stays.

        `unwanted` are the report addresses whose domain does not accept the reports. Of a record
        that is at another name, reports go to the operator where it names nobody.
        """
        record, meant = parse_record(text), read_meant(text)
        if len(meant.tags) == 1:  # the version alone
            return self._expected.dmarc
        applied = record is not None and not record.invalid_policies and not record.testing
        in_force = applied and is_at_its_name
        watched = self._early or not is_at_its_name
        if self._early or (not in_force and self._wanted is DmarcPolicy.NONE):
            kept = [f"p={DmarcPolicy.NONE}"]
        else:
            policies = self._policies(meant, in_force=in_force)
            strict = policies["p"]
            kept = [
                f"{tag}={value}" for tag, value in policies.items() if not value.weaker_than(strict)
            ]
        mended = self._write(meant, kept, unwanted, watched=watched)
        return self.find_ours(mended) or mended

    def find_ours(self, text: str) -> str | None:
        """Return the value that is handed out, now or at another stage, and means the same.

        None where there is no such.
        """
        record = parse_record(text)
        stages = (self._expected.at_policy(policy).dmarc for policy in DmarcPolicy)
        parsed = ((stage, parse_record(stage)) for stage in stages)
        same = (s for s, ours in parsed if record and ours and mean_the_same(record, ours))
        return next(same, None)

    def _policies(self, meant: DmarcRecord, *, in_force: bool) -> dict[str, DmarcPolicy]:
        """Return the policy of each tag; where none is in force, none stricter than handed out."""
        policies: dict[str, DmarcPolicy] = {}
        for tag in POLICY_TAGS:
            values = (value for name, value in meant.tags if name == tag)
            policy = next(filter(None, map(_read_policy, values)), None)
            if policy is not None:
                stricter = not in_force and self._wanted.weaker_than(policy)
                policies[tag] = self._wanted if stricter else policy
        policies.setdefault("p", self._wanted)
        if policies["p"] is DmarcPolicy.NONE:
            policies["p"] = self._wanted
        return {tag: policies[tag] for tag in POLICY_TAGS if tag in policies}

    def _write(
        self,
        meant: DmarcRecord,
        policies: list[str],
        unwanted: tuple[str, ...],
        *,
        watched: bool = False,
    ) -> str:
        """Return the value; `watched` has the operator get reports where nobody is named."""
        parts = ["v=DMARC1", *policies]
        for tag in VALUES:
            value = meant.get(tag)
            testing_over = tag == "t" and not (self._handed_out and self._handed_out.testing)
            if value is None or testing_over or (tag == "psd" and self.lacks_suffix(meant)):
                continue
            if mended := value.lower() if is_valid(tag, value) else mend_value(tag, value):
                parts.append(f"{tag}={mended}")
        for tag in ("rua", "ruf"):
            entries = meant.addresses(tag)
            wanted = dict.fromkeys(address for entry in entries for address in entry.meant)
            reports = _join(tuple(address for address in wanted if address not in unwanted))
            if tag == "rua" and (entries or watched):
                reports = reports or self.replacement
            if reports:
                parts.append(f"{tag}={reports}")
        return "; ".join(parts)


def _read_policy(value: str) -> DmarcPolicy | None:
    """Return the policy that a value was meant to be; None where nobody can tell."""
    word = re.split(r"[^a-z]", value.lower().strip(QUOTES), maxsplit=1)[0]
    close = difflib.get_close_matches(word[:20], POLICIES, n=1)
    return DmarcPolicy(close[0]) if close else None


def _join(addresses: tuple[str, ...]) -> str:
    return ",".join(f"mailto:{address}" for address in addresses)
