"""Changes of DKIM keys are played in the demo: to the end, and one that is taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dns.name
import pytest
from dns.rdatatype import TXT

from bot.demo import world
from demo_guild import open_demo_guild
from discord_simulation import answer_to, labels_of, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord.results import ResponseMessage

    from demo_guild import DemoGuild

NAME, OTHER = "vintage.example", "friend.example"
LOOK, UNDO, SURE = "Look again", "Undo", "Go back to the old key"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoGuild]:
    async with open_demo_guild(tmp_path) as demo:
        for name in {*world.DOMAINS} - {NAME, OTHER}:  # each costs time
            demo.servers.mailcow.domains.pop(name, None)
        yield demo


async def rotate(demo: DemoGuild, name: str) -> ResponseMessage:
    return answer_to(await demo.cleo.slash(demo.channel, "mailadmin rotate", domain=name))


async def look(demo: DemoGuild, card: ResponseMessage) -> str:
    """Return what the card of a rotation says now."""
    return text_of(answer_to(await demo.cleo.click(card, label=LOOK)))


async def send_test_mail(demo: DemoGuild, name: str) -> str:
    """Return what a test mail from a domain comes to."""
    card = await demo.ask("testmail", domain=name)
    found = re.search(r"probe\+\w+@else\.example", text_of(card))
    assert found is not None
    await demo.ask("demo-mail", to=found[0], domain=name)
    return text_of(answer_to(await demo.ann.click(card, label="Look now")))


def has_record(demo: DemoGuild, selector: str, name: str) -> bool:
    owner = dns.name.from_text(f"{selector}._domainkey.{name}.")
    return bool(demo.servers.zones.zones.look_up(owner, TXT).answer)


async def test_a_key_is_changed_from_the_command_to_the_record_that_goes(demo: DemoGuild) -> None:
    card = await rotate(demo, NAME)
    assert "1024 bits" in text_of(card)
    selector = re.search(r"cb\d{6}a", text_of(card))
    assert selector is not None
    new = selector[0]
    await demo.work()
    assert "waiting for the new record" in await look(demo, card)
    assert "new DKIM" in (await demo.ask("demo-publish", domain=NAME)).content
    assert has_record(demo, "dkim", NAME)
    assert has_record(demo, new, NAME)
    await demo.let_pass(2)
    said = await look(demo, card)
    assert f"**Signs now:** `{new}`" in said
    assert "Not proved by a mail yet" in said
    assert demo.servers.mailcow.dkim[NAME].selector == new
    assert "Our server signed this mail" in await send_test_mail(demo, NAME)
    assert "A mail that the new key had signed" in await look(demo, card)
    await demo.let_pass(8)
    assert "done" in await look(demo, card)
    assert sorted(demo.servers.mailcow.dkim) == sorted(
        {*world.DOMAINS} - world.NOT_HOSTED - {world.WITHOUT_KEY}
    )
    gone = await demo.ask("demo-publish", domain=NAME)
    assert "The `old DKIM` record of `vintage.example` is out of the DNS" in gone.content
    assert not has_record(demo, "dkim", NAME)
    assert "Our server signed this mail" in await send_test_mail(demo, NAME)


async def test_a_key_that_was_switched_is_put_back(demo: DemoGuild) -> None:
    before = demo.servers.mailcow.dkim[OTHER]
    card = await rotate(demo, OTHER)
    await demo.work()
    await demo.ask("demo-publish", domain=OTHER)
    await demo.let_pass(2)
    assert demo.servers.mailcow.dkim[OTHER] != before
    card = answer_to(await demo.cleo.click(card, label=LOOK))
    sure = await demo.cleo.click(card, label=UNDO)
    (question,) = sure.followups
    assert SURE in labels_of(question)
    await demo.cleo.click(question, label=SURE)
    await demo.work()
    assert demo.servers.mailcow.dkim[OTHER] == before
    assert "taken back" in await look(demo, card)
    assert "Our server signed this mail" in await send_test_mail(demo, OTHER)
