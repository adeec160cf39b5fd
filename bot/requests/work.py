"""What the worker does for each kind of request once it is approved.

Each of these can be called again after it was cut short: the mail server looks before it makes
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.records.dmarc_policy import DmarcPolicy, read_policy
from bot.records.expected import staged_dmarc
from bot.requests.control_proof import refuse_foreign
from bot.requests.limits import load_limits

if TYPE_CHECKING:
    from bot.records.mail_server import MailServer
    from bot.requests.backend import MailBackend
    from bot.requests.model import Request
    from bot.requests.protocols import Verifier


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts that the worker's steps use."""

    server: MailServer
    backend: MailBackend
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a step: the value of the record to publish, and the key that was learned."""

    value: str = ""
    key: KnownKey | None = None


async def find_key(request: Request, tools: Tools) -> Done:
    """Return the pasted key, or the one that the mail server has or makes."""
    if request.by_hand:
        record = DkimRecord.read(request.value)
        key = KnownKey(request.selector, record, KeySource.ADMIN)
    else:
        key = await tools.backend.find_or_make_key(request.domain, request.selector)
    return Done(key.record.text, key)


async def write_policy(request: Request, tools: Tools) -> Done:
    """Return the DMARC record with the policy that was approved."""
    policy = DmarcPolicy.NONE if request.stage is None else read_policy(request.stage)
    return Done(staged_dmarc(tools.server.dmarc, policy))


async def add_domain(request: Request, tools: Tools) -> Done:
    """Have the domain added to the mail server, unless an admin does that by hand.

    Raises RequestError for a domain that nobody who asks can have: an earlier version took those.
    """
    if not request.by_hand:
        refuse_foreign(request.domain)
        await tools.backend.add_domain(request.domain, load_limits(request.limits))
    return Done()


async def leave_to_admin(_: Request, __: Tools) -> Done:
    """Do nothing: an admin does it, and says when it is done."""
    return Done()
