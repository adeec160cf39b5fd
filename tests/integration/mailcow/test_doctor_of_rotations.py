"""What `doctor` says of changes of DKIM keys at Mailcow, and of copies that nobody needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line_words import say as say_line
from bot.doctor.mailcow_access import check_mailcow
from bot.errors import StoreError
from bot.words import Words
from key_walk import FORWARD, NEXT, WORKSHOP, KeyWalk
from mailcow_helpers import A, connect

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.doctor.line import Line
    from bot.doctor.mailcow_access import FindLeftovers
    from bot.mailcow.api import Mailcow
    from bot.rotations.key_rotator import Leftover

pytest_plugins = ["mailcow_fixtures"]

WORDS = Words()


async def examine(mailcow: Mailcow, find: FindLeftovers | None = None) -> tuple[Line, str]:
    """Return the line about changes of keys, and its words."""
    (line,) = [
        one for one in await check_mailcow(mailcow, find, seconds=0.2) if one.part == "key_changes"
    ]
    return line, say_line(line, WORDS).sentence


async def test_it_says_what_appears_in_mailcow_and_is_not_to_be_touched(
    cow: MailcowDouble, client: Mailcow
) -> None:
    line, said = await examine(client)
    assert (line.status, line.facts["made"], line.facts["searched"]) == (Status.PASS, False, False)
    assert f"the domain {WORKSHOP} appears in Mailcow, switched off: leave it there" in said
    assert "left behind" not in said  # nobody looked
    cow.add_domain(WORKSHOP, active=0)
    line, said = await examine(client)
    assert (line.status, line.facts["made"]) == (Status.PASS, True)
    assert "it calls unused are mine: leave them there" in said


async def test_the_workshop_is_not_counted_among_the_domains(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.domains.clear()
    cow.alias_domains.clear()
    cow.add_domain(WORKSHOP, active=0)
    answers = (await check_mailcow(client))[0]
    assert (answers.status, answers.facts["domains"]) == (Status.PASS, 0)


async def test_copies_without_a_rotation_are_named_with_the_command_that_takes_them_away(
    walk: KeyWalk, client: Mailcow
) -> None:
    await walk.go(*FORWARD)

    async def find() -> tuple[Leftover, ...]:
        return await walk.rotator.find_leftovers((), ())

    line, said = await examine(client, find)
    assert (line.status, line.facts["count"]) == (Status.WARN, 2)
    assert (
        f"2 copies of DKIM keys that no change of a key needs are left in Mailcow: {NEXT}" in said
    )
    assert "python -m bot rotate --leftovers --remove takes them away" in said

    async def find_others() -> tuple[Leftover, ...]:
        return await walk.rotator.find_leftovers((), (A,))

    line, said = await examine(client, find_others)
    assert (line.status, line.facts["searched"]) == (Status.PASS, True)
    assert "no key was left behind" in said


async def test_where_nobody_knows_what_is_under_way_no_copy_is_called_needless(
    client: Mailcow,
) -> None:
    async def without_store() -> None:
        return None

    async def with_broken_store() -> tuple[Leftover, ...]:
        raise StoreError("The database cannot be read.")

    async def for_ever() -> tuple[Leftover, ...]:
        await asyncio.sleep(3600)
        return ()

    for find in (without_store, with_broken_store, for_ever):
        line, said = await examine(client, find)
        assert (line.status, line.facts["searched"]) == (Status.PASS, False)
        assert "left behind" not in said


async def test_a_workshop_that_somebody_switched_on_is_a_warning(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.add_domain(WORKSHOP, active=1)
    line, said = await examine(client)
    assert line.status is Status.WARN
    assert "Switch it off in Mailcow" in said


async def test_without_a_key_that_may_write_nothing_is_said_of_it(cow: MailcowDouble) -> None:
    async with connect(cow, write=None) as reader:
        assert "key_changes" not in {line.part for line in await check_mailcow(reader)}
