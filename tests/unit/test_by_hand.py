"""A mail server without an interface: it tells nothing, and says how an admin goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.by_hand import ByHandBackend
from bot.errors import BackendRefused
from bot.names import Domain
from bot.requests.backend import Capabilities, DomainLimits, MailHosting, ServerDomain
from bot.words import Words

if TYPE_CHECKING:
    from bot.requests.backend import MailBackend

FRIEND = Domain.from_ascii("friend.example")


async def test_it_can_do_nothing_and_knows_no_domain() -> None:
    backend: MailBackend = ByHandBackend("Cow Mail")
    assert (backend.name, backend.capabilities) == ("Cow Mail", Capabilities())
    assert await backend.look_up(FRIEND) == ServerDomain(MailHosting.UNKNOWN)
    assert await backend.domains() == ()
    assert await backend.usual_limits() == DomainLimits()
    backend.unlock()
    assert backend.refusals == ()


async def test_what_it_cannot_do_is_refused_with_the_way_out() -> None:
    backend: MailBackend = ByHandBackend("Cow Mail")
    for asking in (
        backend.find_or_make_key(FRIEND, "dkim"),
        backend.add_domain(FRIEND, DomainLimits()),
    ):
        with pytest.raises(BackendRefused) as caught:
            await asking
        assert "Do it there by hand" in Words().error(caught.value)
