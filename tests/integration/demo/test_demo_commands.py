"""The commands that the bot has in the demo alone, beside those that they lead to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.demo.demo_mails import MailFate
from demo_guild import open_demo_guild
from discord_simulation import answer_to, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from demo_guild import DemoGuild


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoGuild]:
    async with open_demo_guild(tmp_path) as demo:
        yield demo


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (MailFate.RIGHT, "Our server signed this mail for your domain"),
        (MailFate.CHANGED, "was changed after it was signed"),
    ],
)
async def test_a_mail_is_sent_and_looked_at(demo: DemoGuild, fate: MailFate, said: str) -> None:
    card = await demo.ask("testmail", domain="friend.example")
    found = re.search(r"probe\+\w+@else\.example", text_of(card))
    assert found is not None
    sent = await demo.ask("demo-mail", to=found[0], fate=fate.value)
    assert "press Look now" in sent.content
    assert said in text_of(answer_to(await demo.ann.click(card, label="Look now")))


async def test_a_mail_goes_to_the_mailbox_for_tests_alone_and_from_domains_of_the_demo(
    demo: DemoGuild,
) -> None:
    sent = await demo.ask("demo-mail", to="ben@friend.example")
    assert "to no other" in sent.content
    sent = await demo.ask("demo-mail", to="probe@else.example", domain="nobody.example")
    assert "none of the demo's domains" in sent.content


async def test_a_mail_goes_to_a_member_once_the_domain_is_shown_to_be_theirs(
    demo: DemoGuild,
) -> None:
    card = await demo.ask("testmail", receive="ann@friend.example")
    assert demo.servers.relay.mails == []
    assert "_cowbell" in text_of(card)
    assert "_cowbell" in (await demo.ask("demo-publish", domain="friend.example")).content
    shown = answer_to(await demo.ann.click(card, label="Check the proof"))
    assert "`/testmail` can now send a mail to it" in text_of(shown)
    sent = await demo.ask("testmail", receive="ann@friend.example")
    (mail,) = demo.servers.relay.mails
    assert b"\r\nTo: ann@friend.example\r\n" in mail
    assert "is on its way to `ann@friend.example`" in text_of(sent)
