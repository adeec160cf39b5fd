"""Domains of the demo break and are put right, while their keys are changed, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import pytest
from dns.rdatatype import MX, TXT

from bot.demo.breakages import Breakage, break_domain, mend_domain
from bot.demo.demo_mailcow import keys_of
from bot.demo.demo_servers import open_servers
from bot.demo.mailcow_double.mailcow_state import DkimPair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.demo_servers import DemoServers

NAME, OLD, NEW = "vintage.example", "dkim", "cb202611a"
NEXT, FORMER = (f"{NAME}.{which}.dkim-factory.invalid" for which in ("next", "prev"))


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[DemoServers]:
    async with open_servers(tmp_path) as servers:
        yield servers


def has_key(servers: DemoServers, selector: str) -> bool:
    """Whether the DNS has the very key that the mail server keeps by this selector."""
    name = dns.name.from_text(f"{selector}._domainkey.{NAME}.")
    texts = [
        b"".join(rdata.strings).decode()
        for records in servers.zones.zones.look_up(name, TXT).answer
        for rdata in records.rdataset
    ]
    kept = {pair.selector: pair.public for pair in keys_of(servers.mailcow, NAME)}
    return texts == [f"v=DKIM1;k=rsa;t=s;s=email;p={kept.get(selector)}"]


async def test_mending_publishes_the_key_that_signs_and_those_that_are_changed_with_it(
    servers: DemoServers,
) -> None:
    fresh, dkim = DkimPair.make(NEW), servers.mailcow.dkim
    mend_domain(servers, NAME)
    assert (has_key(servers, OLD), has_key(servers, NEW)) == (True, False)
    dkim[NEXT] = fresh
    mend_domain(servers, NAME)
    assert (has_key(servers, OLD), has_key(servers, NEW)) == (True, True)
    dkim[FORMER], dkim[NAME] = dkim[NAME], fresh
    mend_domain(servers, NAME)
    assert (has_key(servers, OLD), has_key(servers, NEW)) == (True, True)
    del dkim[NEXT], dkim[FORMER]
    mend_domain(servers, NAME)
    assert (has_key(servers, OLD), has_key(servers, NEW)) == (False, True)


async def test_what_breaks_after_a_change_is_the_record_of_the_new_key(
    servers: DemoServers,
) -> None:
    servers.mailcow.dkim[NAME] = DkimPair.make(NEW)
    break_domain(servers, NAME, Breakage.MX_GONE)
    assert has_key(servers, NEW)
    assert not servers.zones.zones.look_up(dns.name.from_text(f"{NAME}."), MX).answer
    break_domain(servers, NAME, Breakage.DKIM_GONE)
    assert not has_key(servers, NEW)
