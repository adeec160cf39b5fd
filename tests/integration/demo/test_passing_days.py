"""Days pass in the demo: what broke is told, the week is summed up, and the end is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo import world
from demo_guild import open_demo_guild
from discord_simulation import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from demo_guild import DemoGuild

FRIEND, EAGER = "friend.example", "eager.example"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoGuild]:
    async with open_demo_guild(tmp_path) as demo:
        yield demo


async def test_a_visitor_sees_an_incident_its_end_the_digest_and_the_timeline(
    demo: DemoGuild,
) -> None:
    for name in {*world.DOMAINS} - {FRIEND, EAGER}:  # each costs time
        demo.servers.mailcow.domains.pop(name, None)
    # Two days hold a daily look and the one that confirms what it saw, at whatever time of day.
    await demo.let_pass(2)
    assert [EAGER in text for text in demo.posted() if text.startswith("## ❌")] == [True]
    said = await demo.ask("demo-break", domain=FRIEND, what="mx")
    assert "nobody has noticed yet" in text_of(said) + said.content
    await demo.let_pass(2)
    (told,) = (text for text in demo.posted() if f"`{FRIEND}`\n" in text)
    assert "There is no MX record" in told
    await demo.ask("demo-mend", domain=FRIEND)
    await demo.let_pass(7)
    ends = [text for text in demo.posted() if text.startswith(f"## ✅ `{FRIEND}`")]
    assert len(ends) == 2  # the end, and the beginning that says it too
    (digest, *_) = (text for text in demo.posted() if text.startswith("## The week"))
    assert f"`{EAGER}`" in digest
    shown = await demo.ask("history", domain=FRIEND)
    assert [file.filename.endswith(".png") for file in shown.attachments] == [True]


async def test_what_is_no_domain_of_the_demo_is_said(demo: DemoGuild) -> None:
    for command in ("demo-break", "demo-mend"):
        said = await demo.ask(command, domain="nobody.example")
        assert "none of the demo's domains" in said.content
