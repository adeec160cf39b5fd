"""Mailcow as the mail server of requests and checks: what it can do, and that it does it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import BackendError, BackendLocked, BackendRefused
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.names import Domain
from bot.requests.backend import Capabilities, MailHosting, ServerDomain
from mailcow_helpers import ALIAS, LIMITS, READ, A, B, connect, fail

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.mailcow.api import Mailcow
    from bot.requests.backend import MailBackend

pytest_plugins = ["mailcow_fixtures"]


async def test_what_it_can_do_depends_on_its_keys(cow: MailcowDouble, client: Mailcow) -> None:
    backend: MailBackend = MailcowBackend(client, "cow")
    assert backend.capabilities == Capabilities(
        can_tell_domains=True, can_make_keys=True, can_add_domains=True, can_rotate_keys=True
    )
    async with connect(cow, write=None) as reader:
        assert MailcowBackend(reader, "cow").capabilities == Capabilities(can_tell_domains=True)
    assert (backend.name, await backend.usual_limits()) == ("Mailcow", LIMITS)


async def test_it_tells_which_domains_and_keys_are_there(client: Mailcow) -> None:
    backend = MailcowBackend(client, "cow")
    found = [(await backend.look_up(domain)).hosting for domain in (A, ALIAS, B)]
    assert found == [MailHosting.ON, MailHosting.ON, MailHosting.ABSENT]
    assert (await backend.look_up(A)).key is None
    assert await backend.domains() == (A, ALIAS)


async def test_a_key_is_made_once_and_found_from_then_on(
    cow: MailcowDouble, client: Mailcow
) -> None:
    backend = MailcowBackend(client, "cow")
    made = await backend.find_or_make_key(A, "dkim")
    assert (made.selector, made.source) == ("dkim", "mailcow")
    assert (await backend.look_up(A)).key == made == await backend.find_or_make_key(A, "other")
    assert cow.keys_made["a.test"] == 1


async def test_a_domain_is_added_once_with_a_key_of_the_usual_selector(
    cow: MailcowDouble, client: Mailcow
) -> None:
    backend = MailcowBackend(client, "cow")
    await backend.add_domain(B, LIMITS)
    await backend.add_domain(B, LIMITS)
    key = (await backend.look_up(B)).key
    assert key is not None
    assert key.selector == "cow"
    assert cow.routes("POST") == ["add/domain"]
    assert (await backend.look_up(B)).hosting is MailHosting.ON


@pytest.mark.parametrize("name", ["dkim-factory.invalid", "a.test.next.dkim-factory.invalid"])
async def test_the_workshop_of_rotations_is_no_mail_domain_of_anybody(
    cow: MailcowDouble, client: Mailcow, name: str
) -> None:
    cow.add_domain("dkim-factory.invalid")  # switched on by somebody
    cow.dkim[name] = cow.dkim["kept.test"]
    domain, backend = Domain.from_ascii(name), MailcowBackend(client, "cow")
    assert await backend.domains() == (A, ALIAS)
    assert await backend.look_up(domain) == ServerDomain(MailHosting.ABSENT)
    for asking in (backend.find_or_make_key(domain, "dkim"), backend.add_domain(domain, LIMITS)):
        error = await fail(cow, asking)
        assert isinstance(error, BackendRefused)
        assert error.code == "mailcow-workshop-name"
    assert cow.routes("POST") == []


async def test_a_refused_key_is_not_used_until_it_is_unlocked(
    cow: MailcowDouble, client: Mailcow
) -> None:
    backend = MailcowBackend(client, "cow")
    key = cow.keys.pop(READ)
    for _ in range(2):
        with pytest.raises(BackendError):
            await backend.look_up(A)
    assert [type(refusal) for refusal in backend.refusals] == [BackendLocked]
    assert len(cow.calls) == 1
    cow.keys[READ] = key
    backend.unlock()
    assert backend.refusals == ()
    assert (await backend.look_up(A)).hosting is MailHosting.ON
