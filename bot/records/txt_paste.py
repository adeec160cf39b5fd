"""Reads the DKIM records in what somebody pasted, in every form that can be told for certain."""

from __future__ import annotations

import re

from bot.errors import InvalidKey
from bot.records.paste_cleaning import clean_paste
from bot.records.pasted_forms import find_records
from bot.records.pasted_keys import read_bare_keys, read_pem_files
from bot.records.pasted_record import read_record
from bot.records.placed_text import PlacedText
from bot.records.private_keys import has_private_key

# Characters. A record of a 4096-bit key has 800, an answer with all TXT records of a name some
# thousand; what is longer was pasted by mistake.
LONGEST_PASTE = 16_384

_ONLY_BASE64 = re.compile(r"[\"'`\s]*([A-Za-z0-9+/_-]{40,}={0,2})[\"'`\s.]*")


def read_pasted_records(typed: str) -> tuple[str, ...]:
    """Return the records in a paste, each text once: with their tags where they have a version.

    A key without a record around it comes as a record with that key alone, behind the others.

    Raises:
        InvalidKey: it holds none, one that is broken, or a private key, which is not repeated.

    """
    if len(typed) > LONGEST_PASTE:
        raise InvalidKey("key-text-too-long", most=LONGEST_PASTE)
    text = clean_paste(PlacedText.of(typed))
    if has_private_key(typed) or has_private_key(text.text):
        raise InvalidKey("key-is-private")
    records = find_records(text, typed)
    files = read_pem_files(text, typed, records)
    bare = read_bare_keys(text, typed, [*records, *files])
    texts = [record.text for record in records]
    # Mailcow and others tell a key alone beside its record.
    texts += [key.text for key in (*files, *bare) if not _is_in(key.text, texts)]
    if texts:
        return tuple(dict.fromkeys(texts))
    if _ONLY_BASE64.fullmatch(text.text):
        raise InvalidKey("key-without-tags")
    return (read_record(text, typed, alone=True).text,)


def _is_in(record: str, others: list[str]) -> bool:
    """Whether the key of a record that has no other tags is in one of the others."""
    _, _, key = record.partition("p=")
    return any(key in other for other in others)
