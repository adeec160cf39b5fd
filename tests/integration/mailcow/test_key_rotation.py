"""A domain's key is changed at Mailcow by copies: exactly these calls, and back again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.errors import BackendKeyFaulty, BackendRefused, BackendUnclear
from bot.mailcow.key_rotation import MailcowRotator
from bot.names import Domain
from bot.rotations.key_rotator import KeptKeys, KeyRotator, Leftover
from bot.rotations.rotation import RotationStep
from key_walk import (
    AFTER,
    FORMER,
    FORWARD,
    NEW_SELECTOR,
    NEXT,
    OLD_SELECTOR,
    WHOLE,
    WORKSHOP,
    KeyWalk,
    known,
    spare_pair,
)
from made_pairs import made_pair
from mailcow_helpers import READ, A, B, connect, fail, say

if TYPE_CHECKING:
    from typing import Any

    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.mailcow.api import Mailcow

pytest_plugins = ["mailcow_fixtures"]


def posted(cow: MailcowDouble) -> list[tuple[str, Any]]:
    """Return every write: its route and what was sent."""
    return [(call.route, json.loads(call.body)) for call in cow.calls if call.method == "POST"]


async def test_a_rotation_makes_exactly_the_calls_that_were_proved(walk: KeyWalk) -> None:
    await walk.go(*FORWARD, *AFTER)
    made = {"domains": WORKSHOP, "dkim_selector": NEW_SELECTOR, "key_size": "2048"}
    assert posted(walk.cow) == [
        (
            "add/domain",
            {
                "domain": WORKSHOP,
                "active": "0",
                "gal": "0",
                "mailboxes": "0",
                "aliases": "0",
                "defquota": "1",
                "maxquota": "1",
                "quota": "1",
                "key_size": "0",
                "restart_sogo": "0",
            },
        ),
        ("delete/dkim", [WORKSHOP]),
        ("add/dkim", made),
        ("add/dkim_duplicate", {"from_domain": WORKSHOP, "to_domain": NEXT}),
        ("delete/dkim", [WORKSHOP]),
        ("add/dkim_duplicate", {"from_domain": "a.test", "to_domain": FORMER}),
        ("add/dkim_duplicate", {"from_domain": NEXT, "to_domain": "a.test"}),
        ("delete/dkim", [NEXT]),
        ("delete/dkim", [FORMER]),
    ]
    assert all(call.key == READ for call in walk.cow.calls if call.method == "GET")


async def test_mail_is_signed_with_the_old_key_until_the_switch_and_with_the_new_one_after_it(
    walk: KeyWalk,
) -> None:
    for step in FORWARD:
        assert walk.signing == "old", step
        await walk.call(step)
    assert walk.signing == "new"
    await walk.go(*AFTER)
    assert walk.signing == "new"
    assert walk.cow.dkim.keys() == {"a.test", "kept.test"}


async def test_the_way_back_leaves_everything_as_it_was(walk: KeyWalk) -> None:
    before = walk.cow.dkim["a.test"]
    await walk.go(*WHOLE)
    assert walk.cow.dkim["a.test"] == walk.cow.dkim.signing("a.test") == before
    assert walk.cow.dkim.keys() == {"a.test", "kept.test"}
    hashes = walk.cow.dkim.hashes
    # Mailcow has no call for the private key of a selector that the domain has no more.
    assert {name for name in hashes.private if name.endswith(WORKSHOP)} == set()
    assert hashes.private.keys() >= {"dkim.a.test", "cb202611a.a.test"}


async def test_every_call_can_be_made_again(walk: KeyWalk) -> None:
    for step in WHOLE:
        await walk.call(step)
        before = (dict(walk.cow.dkim), walk.signing)
        await walk.call_again(step)
        if step is not RotationStep.MAKE_KEY:
            assert (dict(walk.cow.dkim), walk.signing) == before


async def test_the_keys_of_a_domain_are_told_with_the_read_key(walk: KeyWalk) -> None:
    assert await walk.rotator.kept(A) == KeptKeys(walk.old, None, None)
    await walk.go(*FORWARD)
    async with connect(walk.cow, write=None) as reader:
        assert await MailcowRotator(reader).kept(A) == KeptKeys(walk.new, walk.new, walk.old)
    walk.cow.dkim["a.test"] = DkimPair("a b", walk.old_pair.public, "")
    assert isinstance(await fail(walk.cow, walk.rotator.kept(A)), BackendKeyFaulty)


async def test_one_workshop_serves_one_domain_after_the_other(
    walk: KeyWalk, cow: MailcowDouble
) -> None:
    await walk.go(*FORWARD)
    third = spare_pair(3)
    cow.dkim["b.test"] = DkimPair("x", third.public, third.private)
    old = known(cow.dkim["b.test"], B)
    rotator: KeyRotator = walk.rotator
    await rotator.open_workshop()
    await rotator.clear_workshop()
    new = await rotator.make_key("cb202611b", 2048)
    await rotator.keep_next(B, new)
    await rotator.clear_workshop()
    await rotator.keep_former(B, old)
    await rotator.switch(B, old, new)
    assert await rotator.kept(B) == KeptKeys(new, new, old)
    assert await rotator.kept(A) == KeptKeys(walk.new, walk.new, walk.old)
    assert cow.routes("POST").count("add/domain") == 1


async def test_a_key_has_as_many_bits_as_were_asked_for(walk: KeyWalk) -> None:
    walk.cow.ready_keys.appendleft(made_pair(2, "longer", 3072))
    await walk.go(*FORWARD[:2])
    key = await walk.rotator.make_key(NEW_SELECTOR, 3072)
    assert (key.selector, key.record.bits) == (NEW_SELECTOR, 3072)
    await walk.call(RotationStep.CLEAR_WORKSHOP)
    error = await fail(walk.cow, walk.rotator.make_key(NEW_SELECTOR, 3072))  # and gets a shorter
    assert (type(error), error.code) == (BackendUnclear, "mailcow-copy-unconfirmed")


@pytest.mark.parametrize(("selector", "bits"), [("a b", 2048), ("", 2048), ("cb", 512)])
async def test_a_selector_or_size_that_nobody_asks_for_is_refused(
    walk: KeyWalk, selector: str, bits: int
) -> None:
    await walk.go(*FORWARD[:2])
    assert isinstance(await fail(walk.cow, walk.rotator.make_key(selector, bits)), BackendRefused)
    assert "add/dkim" not in walk.cow.routes("POST")


def test_a_name_with_which_no_copy_could_be_called_is_refused(client: Mailcow) -> None:
    rotator = MailcowRotator(client)
    label = "x" * 63
    longest = f"{label}.{label}.{label}.{'y' * 30}.test"
    assert len(longest) == 227
    rotator.refuse_name(Domain.from_ascii(longest))
    for name in (
        f"{label}.{label}.{label}.{'y' * 31}.test",
        f"{label}.{label}.{label}.{label[:60]}",
    ):
        with pytest.raises(BackendRefused) as caught:
            rotator.refuse_name(Domain.from_ascii(name))
        assert "227 characters" in say(caught.value)


@pytest.mark.parametrize("name", [WORKSHOP, NEXT, f"b.{WORKSHOP}", f"next.{WORKSHOP}"])
async def test_names_of_the_workshop_are_nobodys_domains(walk: KeyWalk, name: str) -> None:
    domain = Domain.from_ascii(name)
    for asking in (
        walk.rotator.kept(domain),
        walk.rotator.keep_next(domain, walk.old),
        walk.rotator.keep_former(domain, walk.old),
        walk.rotator.switch(domain, walk.old, known(spare_pair(1))),
        walk.rotator.restore(domain, walk.old, known(spare_pair(1))),
        walk.rotator.drop_next(domain),
        walk.rotator.drop_former(domain),
    ):
        assert (await fail(walk.cow, asking)).code == "mailcow-workshop-name"
    assert walk.cow.calls == []


# ── leftovers ───────────────────────────────────────────────────────────────────────────────────


async def test_copies_without_a_rotation_are_found_and_taken_away(walk: KeyWalk) -> None:
    await walk.go(*FORWARD)
    gone = Domain.from_ascii("gone.test")  # a domain that Mailcow has no more
    walk.cow.dkim[f"gone.test.prev.{WORKSHOP}"] = spare_pair(2)
    walk.cow.dkim[WORKSHOP] = spare_pair(3)
    before = walk.cow.dkim["a.test"]
    found = await walk.rotator.find_leftovers((gone,), ())
    assert set(found) == {
        Leftover(WORKSHOP, "spare3"),
        Leftover(f"gone.test.prev.{WORKSHOP}", "spare2"),
        Leftover(NEXT, NEW_SELECTOR),
        Leftover(FORMER, OLD_SELECTOR),
    }
    for leftover in found:
        await walk.rotator.remove(leftover)
    assert await walk.rotator.find_leftovers((gone,), ()) == ()
    assert walk.cow.dkim.keys() == {"a.test", "kept.test"}
    assert walk.cow.dkim["a.test"] == before


async def test_what_a_rotation_uses_is_no_leftover(walk: KeyWalk) -> None:
    await walk.go(*FORWARD[:4])
    walk.cow.dkim[f"b.test.next.{WORKSHOP}"] = spare_pair(2)
    assert await walk.rotator.find_leftovers((B,), (A,)) == (
        Leftover(f"b.test.next.{WORKSHOP}", "spare2"),
    )


async def test_leftovers_of_alias_domains_and_of_keys_that_nobody_can_use_are_found(
    walk: KeyWalk,
) -> None:
    walk.cow.dkim[f"ad.test.next.{WORKSHOP}"] = DkimPair("", spare_pair(2).public, "")
    too_long = Domain.from_ascii(f"{'x' * 60}.{'x' * 60}.{'x' * 60}.{'y' * 50}.test")
    assert await walk.rotator.find_leftovers((too_long,), ()) == (
        Leftover(f"ad.test.next.{WORKSHOP}", ""),
    )


@pytest.mark.parametrize(
    "name",
    [
        "a.test",
        "kept.test",
        "",
        f"A.test.next.{WORKSHOP}",
        f"a.test,kept.test.next.{WORKSHOP}",
        f"a.test.next.{WORKSHOP}.",
        f"next.{WORKSHOP}",
        f"a.test.other.{WORKSHOP}",
        f"a.test.next.x{WORKSHOP}",
    ],
)
async def test_nothing_but_a_copy_is_taken_away(walk: KeyWalk, name: str) -> None:
    error = await fail(walk.cow, walk.rotator.remove(Leftover(name, "dkim")))
    assert isinstance(error, BackendRefused)
    assert walk.cow.calls == []
