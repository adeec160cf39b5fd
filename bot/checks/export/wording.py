"""Fixes, places and what a mail shows, in plain words, for cards, terminals and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.characters import shorten
from bot.checks.finding import FixAction
from bot.dns.answer import LONGEST_TEXT
from bot.records.presentation import full_name
from bot.records.provider_form import Field, fill_form, spell_name
from bot.records.providers import NEUTRAL, find_provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

    from bot.checks.finding import Fix
    from bot.checks.mail.mail_verdict import MailCause, MailVerdict
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.records.provider_form import Form
    from bot.records.providers import Provider
    from bot.words import Words


@dataclass(frozen=True, slots=True)
class FixInWords:
    """One fix in words: the action, the form's fields with their values, and hints."""

    action: str
    fields: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]


def say_fix(fix: Fix, zone: dns.name.Name, provider: Provider, words: Words) -> FixInWords:
    """Return a fix as a provider's form wants it; values are hostile text still."""
    form, fields = fill_fix(fix, zone, provider)
    said = [(f.label or words.label("headings", f.key), _typed(f.value, words)) for f in fields]
    value = form.value.label or words.label("headings", "value")
    at = next((place for place, field in enumerate(fields) if field.key == "ttl"), len(said))
    # What is to go only has to be found, so its beginning is enough.
    typed = form.value.value
    shown = shorten(typed, LONGEST_TEXT) if fix.action is FixAction.DELETE else typed
    said.insert(at, (value, shown))
    if fix.old is not None:
        said.insert(at, (words.label("headings", "old"), shorten(fix.old, LONGEST_TEXT)))
    hints = () if fix.action is FixAction.DELETE else say_hints(form, words)
    return FixInWords(words.label("actions", fix.action.value), tuple(said), hints)


def fill_fix(fix: Fix, zone: dns.name.Name, provider: Provider) -> tuple[Form, list[Field]]:
    """Return the form of a fix, and its small fields with where the record is now, if it moves.

    One of another zone is told in our own words, as nobody knows who runs that.
    """
    if fix.zone is not None:
        zone, provider = fix.zone, NEUTRAL
    form = fill_form(fix, zone, provider)
    fields = list(form.small)
    if fix.old_owner is not None:
        fields.insert(0, spell_name(fix.old_owner, zone, provider, "old_name"))
    if fix.zone is not None:
        fields.insert(0, Field("zone", None, full_name(zone)))
    return form, fields


def say_hints(form: Form, words: Words, *, name: bool = True) -> tuple[str, ...]:
    """Return what else there is to know of a form, a sentence each.

    `name` is whether the name's other spelling belongs to it.
    """
    said = tuple(words.sentence(f"hints/{hint}", {"word": form.word}) for hint in form.hints)
    if form.apart:
        said += (words.sentence("hints/srv-fields", {f.key: f.value for f in form.apart}),)
    if form.name.other is None or not name:
        return said
    full = words.sentence("hints/full-name", {"word": form.name.other})
    return (full, *said)


def say_place(zone: dns.name.Name, name_servers: Iterable[str], words: Words) -> str:
    """Return at whose name servers a zone is; nothing where they are not known."""
    hosting = find_provider(name_servers)
    if not hosting.name_servers:
        return ""
    facts = {**hosting.facts, "zone": zone.to_text(omit_final_dot=True)}
    return words.sentence("hosting/where", facts)


def say_cause(cause: MailCause, verdict: MailVerdict, server: MailServer, words: Words) -> str:
    """Return what one cause or remark of a mail says."""
    context: dict[str, Fact] = {
        "domain": verdict.domain,
        "host": server.host_text,
        "service": server.name,
    }
    return words.sentence(f"findings/{cause.code}", {**context, **cause.facts})


def _typed(value: str, words: Words) -> str:
    return value or f"({words.label('cards', 'empty')})"
