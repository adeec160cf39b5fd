"""How many examples a property test tries: what the profile of Hypothesis says, or a part of it."""

from __future__ import annotations

from hypothesis import settings


def examples(times: float) -> settings:
    """Return settings for a test that tries so many times the profile's examples.

    Less than 1 where an example costs much, as one that asks a name server does; more where inputs
    are many and each is read in a moment.
    """
    return settings(max_examples=round(settings().max_examples * times))
