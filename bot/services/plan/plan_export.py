"""A plan as the contract's JSON object."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.plan.step import Plan, Step


def plan_as_dict(plan: Plan) -> dict[str, object]:
    """Return the plan as JSON-ready values: `next` is the id of the next step, or null."""
    following = plan.next
    return {
        "next": None if following is None else following.id.value,
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Step) -> dict[str, object]:
    until = step.until
    return {
        "id": step.id.value,
        "parts": [part.value for part in step.parts],
        "state": step.state.value,
        "who": step.who.value,
        "needs": [part.value for part in step.needs],
        "codes": list(dict.fromkeys(finding.code for finding in step.findings)),
        "until": None if until is None else until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
