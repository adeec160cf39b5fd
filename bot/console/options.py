"""The options that several commands take, and the forms in which records are printed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.records.dmarc_policy import DmarcPolicy

DkimOption = Annotated[
    str | None,
    typer.Option("--dkim", metavar="TXT", help="The DKIM value that the mail server handed out."),
]

NameserverOption = Annotated[
    list[str] | None,
    typer.Option("--nameserver", metavar="IP[:PORT]", help="Ask this server, and no other."),
]

ProviderOption = Annotated[
    str | None,
    typer.Option("--provider", metavar="KEY", help="Speak the words of this DNS provider."),
]

StageOption = Annotated[
    DmarcPolicy | None,
    typer.Option("--stage", help="The DMARC policy to print, whatever is proven of the domain."),
]


class Format(StrEnum):
    """How to print records."""

    TABLE = "table"
    ZONE = "zone"
    JSON = "json"
    CSV = "csv"
