"""Whether anybody may decide requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line import Line

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.errors import Fact


def check_admins(settings: Settings) -> Line:
    """Return who may decide, by the configuration alone."""
    role, users = settings.admin_role_id, len(settings.admin_user_ids)
    if role is None and not users:
        # Without a channel members cannot ask, so nobody has to decide.
        lacking = settings.request_channel_id is not None
        return Line("admins", Status.WARN if lacking else Status.INFO, "admins-unset")
    facts: dict[str, Fact] = {"users": users, "role": None if role is None else str(role)}
    return Line("admins", Status.PASS, "admins", facts)
