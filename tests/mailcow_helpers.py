"""Helpers of the tests of Mailcow's client: keys, domains, connecting, failing without a secret."""

from __future__ import annotations

import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import BackendError
from bot.mailcow.api import Mailcow
from bot.names import Domain
from bot.requests.backend import DomainLimits
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from bot.demo.mailcow_double.double_server import MailcowDouble

READ, WRITE = "READ00-0KEY00-000000", "WRITE0-0KEY00-000000"
A, B, ALIAS = Domain.from_ascii("a.test"), Domain.from_ascii("b.test"), Domain.from_ascii("ad.test")
QUICK = (0.0, 0.05, 0.1, 0.2)  # seconds between looks
LIMITS = DomainLimits(
    mailboxes=10, aliases=400, usual_quota=3072, mailbox_quota=10240, domain_quota=10240
)
say = Words().error
JSON = "application/json"


@asynccontextmanager
async def connect(
    cow: MailcowDouble,
    *,
    read: str | None = READ,
    write: str | None = WRITE,
    seconds: float = 5.0,
    settling: float = 0.0,
) -> AsyncIterator[Mailcow]:
    """Yield a client with these keys and this timeout."""
    async with Mailcow(
        cow.url, read_key=read, write_key=write, timeout=seconds, waits=QUICK, settling=settling
    ) as client:
        yield client


async def fail(cow: MailcowDouble, asking: Awaitable[Any]) -> BackendError:
    """Return the error; its text has one or two sentences, and nothing about it has a secret."""
    with pytest.raises(BackendError) as caught:
        await asking
    error = caught.value
    said = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert not [secret for secret in cow.secrets() if secret in said]
    linked = error.__context__
    assert linked is None or isinstance(linked, BackendError | TimeoutError), linked
    text = say(error)
    assert text.endswith(".")
    assert 1 <= text.count(". ") + 1 <= 2, text
    return error
