"""What shows control of a domain: for a member who asks, and at an admin's click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.control_card import ControlRecord
from bot.requests.approval import REPORT_LASTS
from bot.requests.control_proof import Control, ControlKind, weigh_control
from bot.requests.evidence import load_evidence
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.interactions.bot import BotBase
    from bot.names import Domain
    from bot.requests.control_proof import ControlProof
    from bot.requests.model import Request
    from bot.requests.service import Requests


async def prove_for(
    client: BotBase, kind: RequestKind, member_id: int, domain: Domain
) -> ControlProof | None:
    """Return the proof that a look of now came to, where control matters for what is asked."""
    if kind is not RequestKind.MAILDOMAIN or client.control is None:
        return None
    return (await client.control.prove(member_id, domain)).proof


async def weigh_for(
    client: BotBase, kind: RequestKind, member_id: int, domain: Domain, report: Report | None
) -> Control | None:
    """Return what shows control for a member's request; None where that does not matter."""
    if kind is not RequestKind.MAILDOMAIN:
        return None
    if client.control is None:
        return weigh_control(None, report)
    return await client.control.weigh(member_id, domain, report)


async def find_record(client: BotBase, member_id: int, domain: Domain) -> ControlRecord | None:
    """Return the record by which this member shows control; None where nobody can."""
    if client.control is None:
        return None
    service = client.member_service
    place = await service.place(domain)
    text = await client.control.token(member_id, domain)
    return ControlRecord(domain, place.zone, text, service.server.record_ttl)


async def note_proof(client: BotBase, requests: Requests, request: Request) -> None:
    """Have an open request's card say what shows control now, where no check was made for it.

    That its MX names us alone, as a check has seen, is not taken back.
    """
    now = await weigh_for(client, request.kind, request.member_id, request.domain, None)
    before = known_control(request)
    if now is None or (before.kind is ControlKind.MX and now.kind is not ControlKind.PROVEN):
        return
    await requests.note_control(request.id, now)


def known_control(request: Request) -> Control:
    """Return what showed control when the request's domain was looked at last."""
    evidence = load_evidence(request.evidence)
    return Control() if evidence is None or evidence.control is None else evidence.control


async def recall_control(client: BotBase, request: Request) -> Control:
    """Return what shows control without another look: a proof, or an MX that was just seen."""
    control = await weigh_for(client, request.kind, request.member_id, request.domain, None)
    if control is None or control.is_enough:
        return control or Control()
    known = known_control(request)
    oldest = client.now() - REPORT_LASTS
    if known.kind is ControlKind.MX and known.since is not None and known.since >= oldest:
        return known
    return control
