"""Repairs a faulty DMARC record: writes one value that has none of its faults, and keeps the rest.

A record is kept as it was meant, not as receivers read it: nothing that can be read is lost.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from bot.checks.dmarc.faults import VALUES, is_valid, mend_value
from bot.checks.dmarc.record import POLICY_TAGS, mean_the_same, parse_record
from bot.checks.dmarc.report_addresses import handed_out_addresses, own_addresses
from bot.checks.dmarc.slips import QUOTES, read_meant
from bot.public_suffix import is_public_suffix
from bot.records.dmarc_policy import POLICIES, DmarcPolicy

if TYPE_CHECKING:
    from bot.checks.dmarc.record import DmarcRecord
    from bot.records.expected import Expected


class DmarcRepair:
    """Writes the value to publish for one domain.

    `ready`: SPF and DKIM work, so a strict policy may be handed out; `early`: one is in force
    though DKIM has no key, so the policy has to go to none until it has.
    """

    def __init__(self, expected: Expected, *, ready: bool, early: bool) -> None:
        self._expected = expected
        self._ready = ready
        self._early = early
        wanted = parse_record(expected.dmarc)
        self._wanted = (wanted.policy("p") if wanted else None) or DmarcPolicy.NONE

    @property
    def replacement(self) -> str:
        """The report addresses (`rua`) that the operator configured; empty where there are none."""
        addresses = handed_out_addresses(self._expected) or own_addresses(self._expected, "rua")
        return _join(addresses)

    def lacks_suffix(self, record: DmarcRecord) -> bool:
        """Whether the record says that the domain is a public suffix, which it is not."""
        return record.claims_suffix and not is_public_suffix(self._expected.domain.name)

    def fresh(self) -> str:
        """Return the value for a domain with several records, or with one that cannot be read."""
        if self._ready:
            return self._expected.dmarc
        reports = self.replacement
        return "v=DMARC1; p=none" + (f"; rua={reports}" if reports else "")

    def relaxed(self, text: str) -> str:
        """Return a record as it was meant, but with `p=none`; reports go where they were to go."""
        return self._write(read_meant(text), [f"p={DmarcPolicy.NONE}"], (), watched=True)

    def mend(self, text: str, unwanted: tuple[str, ...] = ()) -> str:
        """Return the record without its faults; the rest of what it says stays.

        `unwanted` are the report addresses whose domain does not accept the reports.
        """
        record, meant = parse_record(text), read_meant(text)
        void = record is None or bool(record.invalid_policies)
        if len(meant.tags) == 1:  # the version alone
            return self.fresh()
        if self._early or (void and not self._ready):
            none = [f"p={DmarcPolicy.NONE}"]
            return self._write(meant, none, unwanted, watched=self._early)
        policies = self._policies(meant, void=void)
        strict = policies["p"]
        kept = [
            f"{tag}={value}" for tag, value in policies.items() if not value.weaker_than(strict)
        ]
        mended = self._write(meant, kept, unwanted)
        same, handed_out = parse_record(mended), parse_record(self._expected.dmarc)
        if same is not None and handed_out is not None and mean_the_same(same, handed_out):
            return self._expected.dmarc
        return mended

    def _policies(self, meant: DmarcRecord, *, void: bool) -> dict[str, DmarcPolicy]:
        """Return the policy of each tag; of a void record none is stricter than is handed out."""
        policies: dict[str, DmarcPolicy] = {}
        for tag in POLICY_TAGS:
            values = (value for name, value in meant.tags if name == tag)
            policy = next(filter(None, map(_read_policy, values)), None)
            if policy is not None:
                stricter = void and self._wanted.weaker_than(policy)
                policies[tag] = self._wanted if stricter else policy
        policies.setdefault("p", self._wanted)
        if policies["p"] is DmarcPolicy.NONE and self._ready and not void:
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
            testing_over = tag == "t" and self._ready and self._wanted is not DmarcPolicy.NONE
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
