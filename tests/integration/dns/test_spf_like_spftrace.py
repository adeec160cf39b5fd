"""Our reading of SPF beside spftrace's, over made-up zones: the same result in every field."""

from __future__ import annotations

import asyncio
import dataclasses

from hypothesis import given
from hypothesis import strategies as st

import spftrace_evaluation
from bot.dns.spf_evaluate import SpfEvaluation, evaluate
from spf_zone_strategies import ADDRESSES, DOMAIN, Zones, worlds

HELO = "mx1.cow.example"


def both(world: Zones, address: str, sender: str | None) -> tuple[SpfEvaluation, SpfEvaluation]:
    async def run() -> tuple[SpfEvaluation, SpfEvaluation]:
        ours = await evaluate(world, address, DOMAIN, sender=sender, helo=HELO)
        theirs = await spftrace_evaluation.evaluate(
            world, address, DOMAIN, sender=sender, helo=HELO
        )
        return ours, theirs

    return asyncio.run(run())


@given(
    world=worlds,
    address=st.sampled_from(ADDRESSES),
    sender=st.sampled_from([None, "me+x-y@friend.example", "@friend.example"]),
)
def test_every_field_is_what_spftrace_makes_of_it(
    world: Zones, address: str, sender: str | None
) -> None:
    ours, theirs = both(world, address, sender)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
