"""The calls to Mailcow that rotations of keys need, each judged by what exactly it answers.

These are the only ones that replace or delete anything there. What they delete is a key of the
workshop alone, and a copy either comes from there or goes there: all else is refused here, before
Mailcow is asked. No private key leaves Mailcow by them: what it repeats of requests is dropped
unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.characters import echo
from bot.errors import BackendRefused, BackendUnclear
from bot.mailcow.api_writes import require_key
from bot.mailcow.lookups import safe_name
from bot.mailcow.parse import Entry
from bot.mailcow.refusals import is_redis_refusal
from bot.mailcow.workshop_names import (
    WORKSHOP,
    former_name,
    is_kept_name,
    is_workshop_name,
    next_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.mailcow.api_writes import MailcowWrites
    from bot.names import Domain

# Switched off, so that Postfix never learns of it; without `key_size` it would get a key at once.
_WORKSHOP_FIELDS: Final = {
    "domain": WORKSHOP.ascii,
    "active": "0",
    "gal": "0",
    "mailboxes": "0",
    "aliases": "0",
    "defquota": "1",
    "maxquota": "1",
    "quota": "1",
    "key_size": "0",
    "restart_sogo": "0",
}
_NO_KEY_MADE = "dkim_domain_or_sel_invalid"


class WorkshopCalls:
    """Makes, copies and deletes keys.

    Of a call that raises BackendUnclear or BackendUnreachable nobody knows whether it happened, or
    how much of it; of one that raises any other BackendError nothing did.
    """

    def __init__(self, mailcow: MailcowWrites) -> None:
        self._mailcow = mailcow

    async def add_workshop(self) -> None:
        """Make the workshop's domain, switched off and without a key, and see that it is there."""
        look = self._mailcow.find_domain
        await self._mailcow.make("add/domain", _WORKSHOP_FIELDS, WORKSHOP, lambda: look(WORKSHOP))

    async def add_key(self, selector: str, bits: int) -> None:
        """Make a key in the workshop, which has none.

        Raises BackendUnclear also where one is there: some call of before may have gone on.
        """
        require_key(selector, bits)
        name = safe_name(WORKSHOP)
        body = {"domains": name, "dkim_selector": selector, "key_size": str(bits)}
        entries = await self._mailcow.write("add/dkim", body)
        if [entry.code for entry in entries] == [_NO_KEY_MADE] and entries[0].is_refusal:
            raise BackendUnclear("mailcow-workshop-taken", name=name)
        _require("add/dkim", entries, "dkim_added", name)

    async def copy_key(self, source: Domain, target: Domain) -> None:
        """Copy selector, public and private key of a name over those of another one.

        Both are one validated name each: Mailcow takes a list for many targets, and writes a name
        with commas, blanks or capitals as it stands.
        """
        if not _may_copy(source, target):
            raise BackendRefused("mailcow-copy-not-allowed", name=source.ascii, target=target.ascii)
        names = (safe_name(source), safe_name(target))
        body = {"from_domain": names[0], "to_domain": names[1]}
        entries = await self._mailcow.write("add/dkim_duplicate", body)
        _require("add/dkim_duplicate", entries, "dkim_duplicated", *names)

    async def delete_key(self, name: Domain) -> None:
        """Delete the key of a name of the workshop, whether there is one or not.

        Raises BackendRefused for any other name: a key that signs mail is never deleted.
        """
        if not is_workshop_name(name):
            raise BackendRefused("mailcow-delete-not-allowed", name=name.ascii)
        whole = safe_name(name)
        entries = await self._mailcow.write("delete/dkim", [whole])
        _require("delete/dkim", entries, "dkim_removed", whole)


def _may_copy(source: Domain, target: Domain) -> bool:
    """Whether a copy is one that rotations make; raises BackendRefused for a name that is odd."""
    if source == WORKSHOP:
        return is_kept_name(target)
    if is_workshop_name(target):
        return target == former_name(source)
    return source in {next_name(target), former_name(target)}


def _require(call: str, entries: Iterable[Entry], code: str, *about: str) -> None:
    """Raise unless the answer is this one success and nothing else.

    "Task completed" is what Mailcow says where it did nothing.
    """
    said = tuple(entries)
    if said == (Entry("success", code, about),):
        return
    refusals = [entry for entry in said if entry.is_refusal]
    if any(is_redis_refusal(entry.code) for entry in refusals):
        raise BackendUnclear("mailcow-redis-refuses")
    if refusals and len(refusals) == len(said):
        raise BackendRefused("mailcow-call-refused", call=call, said=echo(refusals[0].code))
    raise BackendUnclear("mailcow-half-said", call=call)
