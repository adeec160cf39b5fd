"""What nothing that is typed into a zone can put right: such findings give no steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.finding import Finding
    from bot.errors import Fact

# By the code and the facts that say so.
BEYOND_THE_ZONE: tuple[tuple[str, Mapping[str, Fact]], ...] = (
    # Of the other senders only the member can decide, or somebody else has to mend them.
    ("spf-others-fail", {}),
    # A proxy is switched off on the provider's page, which shows no record of it.
    ("autoconfig-foreign", {"switch": True}),
    ("autodiscover-foreign", {"switch": True}),
    ("proxied-mail", {"switch": True}),
)


def is_beyond_the_zone(finding: Finding) -> bool:
    """Whether a finding that gives no steps is one that has none."""
    return not finding.fixes and any(
        finding.code == code and all(finding.facts.get(key) == facts[key] for key in facts)
        for code, facts in BEYOND_THE_ZONE
    )
