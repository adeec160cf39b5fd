"""The DKIM value given with --dkim, as a key; apart, since reading keys takes long to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import InvalidKey, UsageError
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey

if TYPE_CHECKING:
    from bot.records.dkim_key import DkimKnowledge
    from bot.words import Words


def read_key(text: str | None, selector: str, words: Words) -> DkimKnowledge | None:
    """Return the key given with --dkim, None where none was; raises UsageError with a sentence."""
    if text is None:
        return None
    try:
        return KnownKey(selector, DkimRecord.parse(text), KeySource.ARGUMENT)
    except InvalidKey as error:
        raise UsageError(f"--dkim: {words.error(error)}") from error
