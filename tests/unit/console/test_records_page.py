"""What `records` prints of DMARC is what the rule hands out, in every format."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.console.options import Format
from bot.console.records_page import show_records
from bot.records.dmarc_policy import DmarcPolicy, policy_to_hand_out
from bot.records.expected import Purpose, expect
from bot.words import Words
from examples import examples
from strategies import configurations

if TYPE_CHECKING:
    from bot.records.expected import Expected
    from strategies import Configuration

WORDS = Words()
VALUE = re.compile(r"v=DMARC1;\s?p=(\w+);\s?sp=(\w+)")


def printed_policies(expected: Expected, output: Format) -> set[str]:
    """Return the policies of all DMARC records that are printed."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        show_records(Console(file=text, width=1000), expected, output, WORDS)
    return {policy for policies in VALUE.findall(text.getvalue()) for policy in policies}


@given(configurations(), st.booleans(), st.booleans(), st.sampled_from(Format))
@examples(0.5)
def test_no_format_has_another_policy_than_the_rule(
    configuration: Configuration, spf_proven: bool, dkim_proven: bool, output: Format
) -> None:
    approved = configuration.dmarc_stage
    rule = policy_to_hand_out(
        spf_proven=spf_proven,
        dkim_proven=dkim_proven,
        approved=None if approved is None else DmarcPolicy(approved),
    )
    expected = expect(*configuration)
    has_record = expected.record(Purpose.DMARC) is not None
    assert printed_policies(expected, output) == ({"none"} if has_record else set())
    proven = expected.with_proof(spf_proven=spf_proven, dkim_proven=dkim_proven)
    assert printed_policies(proven, output) == ({str(rule)} if has_record else set())


@pytest.mark.parametrize("output", Format)
@pytest.mark.parametrize("stage", DmarcPolicy)
@given(configuration=configurations())
@examples(0.05)
def test_a_stage_that_is_asked_for_is_printed_in_every_format(
    configuration: Configuration, stage: DmarcPolicy, output: Format
) -> None:
    expected = expect(*configuration).at_policy(stage)
    has_record = expected.record(Purpose.DMARC) is not None
    assert printed_policies(expected, output) == ({str(stage)} if has_record else set())
