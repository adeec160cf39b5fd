"""What the cards of a rotation say of it in the same words: its title, state and name servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.markdown import span
from bot.checks.dkim.server_records import RecordState, load_servers
from bot.checks.finding import Status
from bot.rotations.rotation_view import say_strength, state_key

if TYPE_CHECKING:
    from bot.checks.dkim.server_records import ServerRecord
    from bot.errors import Fact
    from bot.rotations.rotation import Rotation
    from bot.words import Words

MOST_SERVERS: Final = 3  # that are named on the card; the details name more


def title_of(rotation: Rotation, words: Words) -> str:
    """Return number and domain on one line."""
    domain = rotation.domain
    facts: dict[str, Fact] = {"number": str(rotation.id), "domain": domain.ascii}
    title = words.sentence("discord/rotation_title", facts)
    return title if domain.unicode == domain.ascii else f"{title} ({span(domain.unicode)})"


def state_word(rotation: Rotation, words: Words) -> str:
    """Return a rotation's state as an icon and some words."""
    key = state_key(rotation)
    return f"{words.label('rotation_marks', key)} {words.label('rotation_states', key)}"


def show_server(server: ServerRecord, words: Words) -> str:
    """Return what one name server has of both records on one line."""
    new, old = (words.label("rotation_records", state.value) for state in (server.new, server.old))
    labels = words.label("rotation", "new"), words.label("rotation", "old")
    return f"{words.code(server.server)} · {labels[0]} {new} · {labels[1]} {old}"


def say_lacking(rotation: Rotation, words: Words, template: str = "rotation_lacks_old") -> str:
    """Return which name servers lack the old record, in the words of a template; else nothing."""
    records = load_servers(rotation.servers)
    lacking = records.lacking_old
    if not lacking:
        return ""
    facts: dict[str, Fact] = {
        "servers": lacking[:MOST_SERVERS],
        "count": len(lacking),
        "more": max(0, len(lacking) - MOST_SERVERS),
        "keeps": records.old_keeps,
    }
    mark = words.label("marks", Status.WARN.value)
    return f"{mark} {words.sentence(f'discord/{template}', facts)}"


def count_facts(rotation: Rotation) -> dict[str, Fact]:
    """Return whether name servers were asked, how many there are, and have the new record."""
    servers = load_servers(rotation.servers).servers
    return {
        "looked": bool(rotation.servers),
        "have": sum(server.new is RecordState.RIGHT for server in servers),
        "total": len(servers),
    }


def show_key(selector: str, bits: int, key_type: str, words: Words) -> str:
    """Return a key by its selector, and how strong it is."""
    return f"{words.code(selector)} · {say_strength(bits, key_type, words)}"
