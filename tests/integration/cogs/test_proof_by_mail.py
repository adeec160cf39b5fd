"""A test mail that the new key signed proves a change of keys, and no other mail does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.shared_parts import utc_now
from bot.demo.publishing import publish
from bot.names import Domain
from bot.requests.model import BOT
from bot.rotations.rotation import NewRotation, RotationState
from bot.rotations.rotation_changes import move
from bot.store.repositories.rotations import StoredRotations
from discord_simulation import text_of
from mail_guild import FRIEND, open_mail_guild
from rotation_parts import ADMIN
from signed_mails import compose, deliver, good_mail, hand_in, key_line, key_pair, known_key, sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.rotations.rotation import Rotation
    from discord_simulation import LogWatch
    from mail_guild import MailGuild
    from signed_mails import KeyPair

S = RotationState
NAME = Domain.from_ascii(FRIEND)
NEW = key_pair("new")

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def mails(store: Path, errors: LogWatch) -> AsyncIterator[MailGuild]:
    async with open_mail_guild(store) as mails:
        yield mails


async def begin(mails: MailGuild) -> Rotation:
    """Return a rotation whose new record is live."""
    store, now = StoredRotations(mails.database), utc_now()
    asked = NewRotation(NAME, known_key(), 2048, by_hand=True, actor=ADMIN)
    rotation, _ = await store.open(asked, frozenset(), now)
    publish_key(mails, rotation.selector, NEW)
    return await bring(mails, await bring(mails, rotation, S.PREPARED, value=NEW.record), S.LIVE)


async def switch(mails: MailGuild, rotation: Rotation) -> Rotation:
    """Have the new key sign."""
    rotation = await bring(mails, rotation, S.SWITCHING)
    return await bring(mails, rotation, S.SWITCHED, switched_at=utc_now())


async def bring(mails: MailGuild, rotation: Rotation, to: RotationState, **more: Any) -> Rotation:
    """Return the rotation in another state."""
    decide = partial(move, to=to, actor=BOT, now=utc_now(), **more)
    after, _ = await StoredRotations(mails.database).change(rotation.id, decide, utc_now())
    return after


def publish_key(mails: MailGuild, selector: str, pair: KeyPair) -> None:
    """Have the DNS answer with a key."""
    dns, line = mails.sim.dns, key_line(FRIEND, selector, pair)
    dns.zones = publish(dns.zones, NAME, [line])


async def send(mails: MailGuild, raw: bytes, domain: str | None = FRIEND) -> Rotation:
    """Return the only rotation after a mail was looked at."""
    card, address = await mails.begin(domain)
    mails.deliver(address, raw)
    await mails.look(card)
    (rotation,) = await StoredRotations(mails.database).of_domain(NAME)
    return rotation


def signed(selector: str, pair: KeyPair = NEW) -> bytes:
    """Return a mail of the domain that was signed with a key."""
    return deliver(hand_in(sign(compose(), selector=selector, key=pair)))


async def test_a_mail_that_the_new_key_signed_proves_it(mails: MailGuild) -> None:
    rotation = await switch(mails, await begin(mails))
    assert rotation.proved_at is None
    after = await send(mails, signed(rotation.selector.upper()))
    assert after.proved_at is not None
    assert after.state is S.SWITCHED
    again = await send(mails, signed(rotation.selector))
    assert again.proved_at == after.proved_at


async def test_whoever_sends_it_and_whatever_was_to_be_tested_does_not_matter(
    mails: MailGuild,
) -> None:
    rotation = await switch(mails, await begin(mails))
    list_mail = compose(sender="Ben <ben@other.example>")
    raw = deliver(
        sign(list_mail, selector=rotation.selector, key=NEW),
        address="203.0.113.77",
        sender="ben@other.example",
    )
    after = await send(mails, raw, "other.example")
    assert after.proved_at is not None


@pytest.mark.parametrize(
    "what", ["the old key", "changed", "another key at the selector", "before the switch"]
)
async def test_no_other_mail_proves_it(mails: MailGuild, what: str) -> None:
    rotation = await begin(mails)
    raw = signed(rotation.selector)
    if what != "before the switch":
        await switch(mails, rotation)
    if what == "the old key":
        raw = good_mail()
    elif what == "changed":
        raw = raw.replace(b"A test.", b"A text.")
    elif what == "another key at the selector":
        publish_key(mails, rotation.selector, key_pair("stranger"))
        raw = signed(rotation.selector, key_pair("stranger"))
    assert (await send(mails, raw)).proved_at is None


async def test_a_mail_that_nobody_signed_proves_nothing_and_says_so(mails: MailGuild) -> None:
    await switch(mails, await begin(mails))
    card, address = await mails.begin()
    mails.deliver(address, deliver(hand_in(compose())))
    assert "❌" in text_of(await mails.look(card))
    (rotation,) = await StoredRotations(mails.database).of_domain(NAME)
    assert rotation.proved_at is None
