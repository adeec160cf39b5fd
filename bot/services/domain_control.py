"""Control of a domain: the record that a member is to publish, and whether it has been seen."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.control_answers import ControlVerdict, judge_control
from bot.records.control_token import make_control_text, read_control_text
from bot.requests.control_proof import BY_DNS, Control, weigh_control

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.checks.control_answers import ControlAnswers
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.control_token import TokenState
    from bot.requests.control_proof import ControlProof
    from bot.store.repositories.control_proofs import ControlProofs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ControlLook:
    """What a look at the name servers came to.

    `proof` is there where control was shown just now; else `verdict` says why it was not.
    """

    verdict: ControlVerdict
    proof: ControlProof | None = None


class DomainControl:
    """Hands out the text of the record, looks for it, and remembers who has shown control.

    `look` asks the zone's own name servers; `now` gives the time. Raises StoreError where the store
    cannot be used.
    """

    def __init__(
        self,
        proofs: ControlProofs,
        look: Callable[[Domain], Awaitable[ControlAnswers]],
        now: Callable[[], datetime],
    ) -> None:
        self._proofs = proofs
        self._look = look
        self._now = now

    async def token(self, member_id: int, domain: Domain) -> str:
        """Return the text of the TXT record by which this member shows control of the domain."""
        return make_control_text(await self._proofs.secret(), domain, member_id, self._now())

    async def is_proven(self, member_id: int, domain: Domain) -> bool:
        """Whether this member has shown that they control the domain, now or before."""
        return await self._proofs.of(domain, member_id) is not None

    async def is_shown(self, member_id: int, domain: Domain) -> bool:
        """Whether this member has shown control before, or does now; then it is kept."""
        if await self.is_proven(member_id, domain):
            return True
        return (await self.prove(member_id, domain)).proof is not None

    async def prove(self, member_id: int, domain: Domain) -> ControlLook:
        """Look for the member's record now; what it shows is kept.

        What was shown before and is not there any more stays kept, and is no proof of this look.
        """
        secret = await self._proofs.secret()

        def read(text: str) -> TokenState:
            return read_control_text(text, secret, domain, member_id, self._now())

        verdict = judge_control(await self._look(domain), read)
        if verdict.fault is not None:
            return ControlLook(verdict)
        proof = await self._proofs.keep(domain, member_id, BY_DNS, self._now())
        _log.info("%s: a member has shown control by the DNS", domain.ascii)
        return ControlLook(verdict, proof)

    async def weigh(self, member_id: int, domain: Domain, report: Report | None) -> Control:
        """Return what shows control of a domain for this member's request.

        `report` is a check of the domain, whose MX counts where nothing else does; None: there is
        none.
        """
        proofs = await self._proofs.of_domain(domain)
        own = next((proof for proof in proofs if proof.member_id == member_id), None)
        other = next((proof for proof in proofs if proof.member_id != member_id), None)
        return weigh_control(own, report, other=other)
