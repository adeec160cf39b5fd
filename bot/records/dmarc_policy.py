"""The policies that a DMARC record can ask for (RFC 9989 section 4.7), and which is handed out."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DmarcPolicy(StrEnum):
    """What a domain asks receivers to do with mail that fails, weakest first."""

    _place: int

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    def __init__(self, _: str) -> None:
        self._place = len(type(self).__members__)  # those before it

    def weaker_than(self, other: DmarcPolicy) -> bool:
        """Whether it asks for less than the other."""
        return self._place < other._place


POLICIES: Final = tuple(str(policy) for policy in DmarcPolicy)  # weakest first
POLICY_TAGS: Final = ("p", "sp", "np")  # for the domain, names below it, those that do not exist


def read_policy(text: str) -> DmarcPolicy:
    """Return the policy of this name.

    Raises:
        ValueError: it is no DMARC policy.

    """
    if text not in POLICIES:
        raise ValueError(f"A DMARC policy is one of {', '.join(POLICIES)}, not {text!r}.")
    return DmarcPolicy(text)


def policy_to_hand_out(
    *, spf_proven: bool, dkim_proven: bool, approved: DmarcPolicy | None
) -> DmarcPolicy:
    """Return the policy of the record that a domain is handed out, wherever that is shown.

    It is `none` until SPF and DKIM are both proven to work, as a stricter one has the domain's own
    mail refused before (RFC 9989 section 5.1.4). Then it is the stage that the admin approved;
    `none` where none was.
    """
    if approved is None or not (spf_proven and dkim_proven):
        return DmarcPolicy.NONE
    return approved


def policies_allowed(*, spf_proven: bool, dkim_proven: bool) -> tuple[str, ...]:
    """Return the policies that would be handed out as soon as they are approved, weakest first."""
    return tuple(
        str(policy)
        for policy in DmarcPolicy
        if policy_to_hand_out(spf_proven=spf_proven, dkim_proven=dkim_proven, approved=policy)
        is policy
    )
