"""Puts what to type at the provider on a card: small fields on one line, the value to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Action
from bot.mail.spelling import relative_name
from bot.ui.text import block, both_ends, is_copyable, span

if TYPE_CHECKING:
    import dns.name

    from bot.checks.finding import Fix
    from bot.text import Words


def show_fix(fix: Fix, zone: dns.name.Name, words: Words) -> str:
    """Return one record to add, change, move or delete; names are relative to the zone."""
    fields: list[tuple[str, str | int | None]] = [
        ("old_name", relative_name(fix.old_owner, zone) if fix.old_owner else None),
        ("name", relative_name(fix.owner, zone)),
        ("type", fix.type),
        ("priority", fix.priority),
        ("ttl", fix.ttl),
    ]
    value = words.label("headings", "value")
    parts = [
        f"{words.label('headings', key)} {span(str(value))}"
        for key, value in fields
        if value is not None
    ]
    lines = [f"**{words.label('actions', fix.action.value)}**"]
    if fix.action is Action.DELETE:  # nothing to copy: it only has to be found
        return "\n".join((*lines, " · ".join(parts), f"{value} {span(both_ends(fix.value))}"))
    lines.append(" · ".join((*parts, f"{value}:")))
    lines.append(block(fix.value))
    if fix.old is not None:
        lines.append(f"-# {words.label('headings', 'old')} {span(both_ends(fix.old))}")
    return "\n".join(lines)


def can_be_shown(fix: Fix) -> bool:
    """Whether a card shows a fix as it has to be typed: its value has no backtick and the like."""
    return fix.action is Action.DELETE or is_copyable(fix.value)
