"""The card of the mail server's own report: what to do, all checks, and its ports line by line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cards.check_card import build_report_card
from bot.characters import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.checks.server.port_rows import PortRow
    from bot.checks.server.server_report import ServerReport
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.words import Words

_LONGEST = 50  # characters of ways to log in; those of usual servers have some 20
_MOST_WAYS = 4  # that differ from port to port


def build_server_card(
    report: ServerReport, server: MailServer, words: Words, items: ItemFactory
) -> Card:
    """Return the card of the mail server's report, with a button to look again."""
    rows = report.rows()
    more = "\n".join(_ports(rows, words)) if rows else ""
    buttons = [items.server_button()]
    return build_report_card(report, server, words, items, buttons=buttons, more=more)


def _ports(rows: Sequence[PortRow], words: Words) -> Iterator[str]:
    """Yield a heading and a line for each port; a certificate that all show is said once."""
    yield f"### {words.label('headings', 'ports')}"
    showing = [row for row in rows if row.certificate]
    is_one = len({(row.certificate, row.days_left) for row in showing}) == 1
    if is_one:
        yield f"-# {words.sentence('discord/port_certificate', showing[0].facts)}"
    yield from (_line(replace(row, certificate="") if is_one else row, words) for row in rows)
    if logins := _logins(rows):
        asked = [row for row in rows if row.is_clear_known]
        guarded = bool(asked) and not any(row.logins_before for row in asked)
        facts: dict[str, Fact] = {"logins": logins, "guarded": guarded}
        yield f"-# {words.sentence('discord/port_logins', facts)}"


def _logins(rows: Sequence[PortRow]) -> tuple[str, ...]:
    """Return the ways to log in after TLS, each with the ports that have just those."""
    ports: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.logins_after:
            ports[" ".join(row.logins_after)].append(str(row.number))
    told = tuple(f"{shorten(ways, _LONGEST)}: {', '.join(ns)}" for ways, ns in ports.items())
    return told[:_MOST_WAYS]


def _line(row: PortRow, words: Words) -> str:
    facts = {**row.facts, "state": words.label("port_states", row.state.value)}
    facts["before"] = shorten(str(facts["before"]), _LONGEST)
    return f"-# {words.label('marks', row.status.value)} {words.sentence('discord/port', facts)}"
