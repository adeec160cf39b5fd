"""What came of a member's asking and of an admin's decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.requests.model import Request


@dataclass(frozen=True, slots=True)
class Opened:
    """The request that is open now, and whether it was made just now or by somebody else."""

    request: Request
    is_new: bool  # False: there was an open one of this kind for the domain already
    by_other: bool  # and it is another member's


@dataclass(frozen=True, slots=True)
class Decision:
    """The request after an admin's decision, and whether that decision was the one that counted."""

    request: Request  # as it is now; where lost, with who decided and when
    won: bool  # False: somebody else, or the same click before, was first
