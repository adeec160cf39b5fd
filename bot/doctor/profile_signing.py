"""Whether Apple profiles are signed, where they are to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line import Line

if TYPE_CHECKING:
    from bot.config.settings import Settings


def check_signing(settings: Settings) -> tuple[Line, ...]:
    """Return a line where profiles go out unsigned against what is set; else none.

    It reads two small files.
    """
    signer = settings.profile_signer()
    faults = () if signer is None else signer.faults()
    return tuple(
        Line("profile", Status.WARN, "profile-unsigned", {"said": str(f)}) for f in faults[:1]
    )
