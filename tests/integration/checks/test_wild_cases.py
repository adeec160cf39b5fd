"""What a report says of each fault from the wild: in words that name it, and none that must not."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.checks.export.as_json import report_as_dict
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.services.domain_check import Checker
from bot.words import Words
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER

if TYPE_CHECKING:
    from conftest import Case


async def check(case: Case) -> dict[str, Any]:
    async with (
        ZoneServer(FILE.zones(case)) as server,
        Resolver([Server(*server.address)]) as resolver,
    ):
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        return report_as_dict(await checker.check(DOMAIN, KNOWN), SERVER, Words())


def test_the_words_and_fixes_of_a_case_are_the_wanted_ones(case: Case) -> None:
    report = asyncio.run(check(case))
    grave = [f for f in report["findings"] if f["severity"] in {"unknown", "warn", "fail"}]
    assert [finding["code"] for finding in grave][:1] == ([case.code] if case.code else [])
    for wanted in case.wants:
        first = json.dumps({"message": grave[0]["message"], "fixes": grave[0]["fixes"]})
        assert re.search(wanted, first)
    for unwanted in case.never:
        assert not re.search(unwanted, json.dumps(report))
