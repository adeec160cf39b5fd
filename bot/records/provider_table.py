"""Prints `docs/providers.md`, what is known of each provider; `make providers` runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.records.provider_rows import check_providers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.records.providers import Provider

_HEAD = """\
# DNS providers

The steps of a check, `/dnsrecords` and `records` speak the words of the provider at whose name
servers a domain is. This table is made by `make providers` from `bot/records/providers.toml`; a `?`
is what no source says. To add a provider or to mend a row, edit that file: each row needs its
source and that source's date.

"""
_COLUMNS = (
    *("Provider", "`--provider`", "Name servers", "Name field", "The domain itself", "Names"),
    *(
        "Final dot",
        "TXT quotes",
        "Over 255 characters",
        "MX priority",
        "SRV",
        "Switch",
        "TTL",
        "Source",
    ),
)


def provider_table() -> str:
    """Return the whole document."""
    lines = [_row(_COLUMNS), _row("---" for _ in _COLUMNS)]
    lines += [_row(_cells(provider)) for provider in check_providers()]
    return _HEAD + "\n".join(lines) + "\n"


def _cells(row: Provider) -> tuple[str, ...]:
    sources = ", ".join(f"[{at}](<{url}>)" for at, url in enumerate(row.sources, start=1))
    long_text = f"{row.long_text}: {row.long_way}" if row.long_way else row.long_text
    return (
        f"[{row.name}](<{row.link}>)",
        f"`{row.key}`",
        ", ".join(f"`{end}`" for end in row.name_servers) or f"as `{row.beside}`",
        row.words.get("name", "?"),
        row.apex or "?",
        row.names or "?",
        row.final_dot or "?",
        row.quotes or "?",
        long_text or "?",
        row.priority or "?",
        row.srv or "?",
        row.proxy or "–",
        row.ttl_auto or "–",
        f"{sources} ({row.date}, {row.date_is})",
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(provider_table())
