"""Shows fixes: what to type at the DNS provider, with the field names of that provider's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.cards.markdown import block, both_ends, is_copyable, span
from bot.checks.export.wording import fill_fix, say_hints, say_place
from bot.checks.finding import FixAction
from bot.records.providers import NEUTRAL, find_provider, offer_providers

if TYPE_CHECKING:
    import dns.name

    from bot.cards.items import Item, ItemFactory
    from bot.checks.finding import Fix
    from bot.checks.zone_place import ZonePlace
    from bot.records.provider_form import Field, Form
    from bot.records.providers import Provider
    from bot.words import Words

MOST_OPTIONS: Final = 25  # of a select
_LONGEST_LABEL: Final = 80  # characters of a button's label


def show_fix(fix: Fix, zone: dns.name.Name, words: Words, provider: Provider = NEUTRAL) -> str:
    """Return one record to add, change, move or delete, as a provider's form wants it."""
    form, fields = fill_fix(fix, zone, provider)
    parts = [show_field(field, words) for field in fields]
    label = form.value.label or words.label("headings", "value")
    lines = [f"**{words.label('actions', fix.action.value)}**"]
    if fix.action is FixAction.DELETE:  # nothing to copy: it only has to be found
        return "\n".join((*lines, " · ".join(parts), f"{label} {span(both_ends(fix.value))}"))
    lines.append(" · ".join((*parts, f"{label}:")))
    lines.append(block(form.value.value))
    if hints := show_hints(form, words):
        lines.append(hints)
    if fix.old is not None:
        lines.append(f"-# {words.label('headings', 'old')} {span(both_ends(fix.old))}")
    return "\n".join(lines)


def show_compact(
    fix: Fix, why: str, zone: dns.name.Name, words: Words, provider: Provider
) -> tuple[str, tuple[str, ...]]:
    """Return a record in a few lines, and what else there is to know of its form.

    The TTL is left out, which may be any; and so is the middle of a value that stays as it is.
    """
    form, fields = fill_fix(fix, zone, provider)
    shown = [show_field(field, words) for field in fields if field.key != "ttl"]
    action = words.label("short_actions", fix.action.value)
    if fix.action is FixAction.DELETE or (fix.action is FixAction.RENAME and fix.old is None):
        found = " · ".join(filter(None, (span(both_ends(fix.value)), why)))
        return f"**{action}** {' · '.join(shown)}\n{found}", ()
    lines = [f"**{action}** {' · '.join(filter(None, (*shown, why)))}"]
    if fix.old is not None:
        lines.append(f"-# {words.label('headings', 'old')} {span(both_ends(fix.old))}")
    lines.append(block(form.value.value))
    return "\n".join(lines), say_hints(form, words, name=False)


def show_field(field: Field, words: Words) -> str:
    """Return one small field by the provider's own word, or by ours."""
    label = field.label or words.label("headings", field.key)
    value = span(field.value) if field.value else f"({words.label('cards', 'empty')})"
    return f"{label} {value}"


def show_hints(form: Form, words: Words, *, name: bool = True) -> str:
    """Return what else there is to know of a form as one small line; nothing where nothing is.

    `name` is whether the name's other spelling belongs to it.
    """
    said = say_hints(form, words, name=name)
    return f"-# {' '.join(said)}" if said else ""


def can_be_shown(fix: Fix) -> bool:
    """Whether a card shows a fix as it has to be typed: its value has no backtick and the like."""
    return fix.action is FixAction.DELETE or is_copyable(fix.value)


def show_place(place: ZonePlace, words: Words) -> str:
    """Return a small line: at whose name servers a zone is; nothing where they are not known."""
    said = say_place(place.zone, place.name_servers, words)
    return f"-# {said}" if said else ""


def build_panel_link(provider: Provider, words: Words) -> list[Item]:
    """Return the button that opens the provider's page; none where nobody knows which it is."""
    if not provider.link:
        return []
    label = f"{words.label('providers', 'open')} {provider.name}"[:_LONGEST_LABEL]
    style = discord.ButtonStyle.link
    return [discord.ui.Button(style=style, label=label, url=provider.link)]


def build_provider_select(
    subject: str, place: ZonePlace, chosen: Provider, words: Words, items: ItemFactory
) -> list[Item]:
    """Return the choice of the provider whose words a card speaks, the current one shown.

    `subject` as in `ItemFactory.provider_select`; nothing is returned for a domain that is too
    long.
    """
    hosting = find_provider(place.name_servers)
    found = {provider.key for provider in hosting.providers}
    options = []
    for provider in offer_providers(hosting, chosen, MOST_OPTIONS):
        name = provider.name or words.label("providers", "other")
        current = provider.key == chosen.key
        options.append(
            discord.SelectOption(
                value=provider.key,
                label=f"{words.label('providers', 'yours')} {name}" if current else name,
                description=words.label("providers", "found") if provider.key in found else None,
                default=current,
            )
        )
    select = items.provider_select(subject, options)
    return [] if select is None else [select]
