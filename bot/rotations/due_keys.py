"""Which DKIM keys are due for a new one: those that are old, and those that are short; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.records.dkim_key import DkimRecord
from bot.rotations.rotation import KEY_SIZES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from datetime import datetime

    from bot.names import Domain

LONGEST_USE: Final = timedelta(days=365)  # of one key, since the bot first learned of it
TRIED_LATELY: Final = timedelta(days=30)  # whoever was begun since comes last
# How an RSA key of exactly 2048 bits with the usual exponent begins: the modulus of 257 octets has
# a leading zero, so its first bit is set (RFC 8017 appendix A.1.1, in the form of RFC 5280).
_USUAL: Final = "p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"


class WhyDue(StrEnum):
    """Why a key is due; where both hold, it is short."""

    OLD = "old"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class AgedKey:
    """The key that a domain is known to sign with, and when it was first learned of.

    No mail server tells how old a key is. One that a rotation made was learned of at the switch;
    one that was put back keeps its age.
    """

    domain: Domain
    selector: str
    value: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class DueKey:
    """A key that is due for a new one."""

    domain: Domain
    selector: str
    value: str
    bits: int
    key_type: str
    first_seen: datetime
    why: WhyDue

    @property
    def new_bits(self) -> int:
        """The size for the key in its place: no RSA key becomes shorter, up to the longest."""
        return next((size for size in KEY_SIZES if size >= self.bits), KEY_SIZES[-1])


def judge_age(key: AgedKey, now: datetime) -> DueKey | None:
    """Return the key as one that is due; None where it is not. Ed25519 keys are not short."""
    is_old = now - key.first_seen > LONGEST_USE
    if not is_old and _is_usual(key.value):  # as nearly all are, of which there may be many
        return None
    record = DkimRecord.read(key.value)
    is_short = record.key_type == "rsa" and record.bits < KEY_SIZES[0]
    if not (is_old or is_short):
        return None
    why = WhyDue.SHORT if is_short else WhyDue.OLD
    return DueKey(
        key.domain, key.selector, record.text, record.bits, record.key_type, key.first_seen, why
    )


def put_in_order(
    keys: Iterable[DueKey], under_way: Container[Domain], tried: Container[Domain]
) -> tuple[DueKey, ...]:
    """Return the keys oldest first, without those that are being rotated.

    Those that were tried lately come last: one that always fails must not keep all others waiting.
    """
    left = (key for key in keys if key.domain not in under_way)
    return tuple(
        sorted(left, key=lambda key: (key.domain in tried, key.first_seen, key.domain.ascii))
    )


def _is_usual(value: str) -> bool:
    """Whether a sound record has a key of exactly 2048 bits, as far as that shows at once."""
    return _USUAL in value and value.count("p=") == 1  # a note may hold anything
