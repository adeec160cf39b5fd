"""Puts what to type at the provider on a card: small fields on one line, the value to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.markdown import block, both_ends, is_copyable, span
from bot.checks.export.wording import say_hints
from bot.checks.finding import FixAction
from bot.records.provider_form import fill_form, spell_name
from bot.records.providers import NEUTRAL

if TYPE_CHECKING:
    import dns.name

    from bot.checks.finding import Fix
    from bot.records.provider_form import Field, Form
    from bot.records.providers import Provider
    from bot.words import Words


def show_fix(fix: Fix, zone: dns.name.Name, words: Words, provider: Provider = NEUTRAL) -> str:
    """Return one record to add, change, move or delete, as a provider's form wants it."""
    form = fill_form(fix, zone, provider)
    fields = list(form.small)
    if fix.old_owner is not None:
        fields.insert(0, spell_name(fix.old_owner, zone, provider, "old_name"))
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
