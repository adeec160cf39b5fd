"""The one rule for which DMARC policy is handed out."""

from __future__ import annotations

from itertools import product

import pytest

from bot.records.dmarc_policy import (
    POLICIES,
    DmarcPolicy,
    policies_allowed,
    policy_to_hand_out,
    read_policy,
)

PROOFS = tuple(product((False, True), repeat=2))
APPROVED = (None, *DmarcPolicy)


@pytest.mark.parametrize("approved", APPROVED)
@pytest.mark.parametrize("proofs", [proofs for proofs in PROOFS if not all(proofs)])
def test_nothing_strict_is_handed_out_before_spf_and_dkim_are_proven(
    proofs: tuple[bool, bool], approved: DmarcPolicy | None
) -> None:
    spf, dkim = proofs
    policy = policy_to_hand_out(spf_proven=spf, dkim_proven=dkim, approved=approved)
    assert policy is DmarcPolicy.NONE


@pytest.mark.parametrize("approved", APPROVED)
def test_then_it_is_the_approved_stage_and_none_where_there_is_none(
    approved: DmarcPolicy | None,
) -> None:
    policy = policy_to_hand_out(spf_proven=True, dkim_proven=True, approved=approved)
    assert policy is (approved or DmarcPolicy.NONE)


@pytest.mark.parametrize("proofs", PROOFS)
def test_what_may_be_approved_is_what_would_be_handed_out(proofs: tuple[bool, bool]) -> None:
    spf, dkim = proofs
    allowed = policies_allowed(spf_proven=spf, dkim_proven=dkim)
    handed_out = {
        str(policy_to_hand_out(spf_proven=spf, dkim_proven=dkim, approved=approved))
        for approved in APPROVED
    }
    assert set(allowed) == handed_out
    assert allowed == (POLICIES if all(proofs) else ("none",))


@pytest.mark.parametrize("text", ["", "None", "NONE", "strict", "reject "])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one of none, quarantine, reject"):
        read_policy(text)
