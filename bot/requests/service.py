"""The service that people's actions on requests call: ask, decide, withdraw, look up, forget."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.errors import RequestError
from bot.requests.approval import Approval, note_approval
from bot.requests.control_proof import refuse_foreign
from bot.requests.evidence import follow_control, note_live, renew_evidence
from bot.requests.kinds import KINDS, Asks
from bot.requests.mail_proof import NOT_ASKED
from bot.requests.model import (
    LONGEST_REASON,
    UNSEEN,
    Actor,
    ActorKind,
    MessageKind,
    State,
    can_go,
    make_pseudonym,
)
from bot.requests.outcomes import Decision, Opened
from bot.requests.request_records import RequestRecords
from bot.requests.transitions import give_way, move, open_request, send_again, touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain
    from bot.requests.backend import Capabilities, DomainLimits
    from bot.requests.control_proof import Control
    from bot.requests.evidence import Evidence
    from bot.requests.mail_proof import MailProof
    from bot.requests.model import Change, Request, RequestKind
    from bot.requests.polling import WakeUp
    from bot.requests.protocols import Repositories


class Requests(RequestRecords):
    """Everything that people do with requests; whether they may is the caller's matter.

    Each change happens as a whole or not at all, and of several at once one wins. `selector` is
    the one for new keys; `capabilities` say what the bot does on the mail server itself.
    RequestError is raised, with a code for the person's answer, where something cannot be done.
    """

    def __init__(
        self,
        store: Repositories,
        now: Callable[[], datetime],
        wake_up: WakeUp,
        selector: str,
        capabilities: Capabilities,
    ) -> None:
        super().__init__(store)
        self._now = now
        self._wake_up = wake_up
        self._selector = selector
        self.capabilities = capabilities

    async def open(
        self,
        kind: RequestKind,
        domain: Domain,
        place: tuple[int, int],
        member_id: int,
        *,
        evidence: str = "",
    ) -> Opened:
        """Make a request, or find the open one of this kind for the domain.

        `place` are the ids of the guild and the channel; `evidence` is kept as it is.
        """
        refuse_foreign(domain)
        now = self._now()
        asked = open_request(kind, domain, place, member_id, evidence=evidence, now=now)
        return self._opened(await self._store.open(asked, now), member_id)

    async def open_proven(
        self,
        kind: RequestKind,
        domain: Domain,
        place: tuple[int, int],
        member_id: int,
        *,
        evidence: str = "",
    ) -> Opened:
        """Do what `open` does for a member who has just shown that they control the domain.

        The open request of another who has not is ended in favour of theirs, unless an admin has
        approved it already; that member is told.
        """
        refuse_foreign(domain)
        now = self._now()
        asked = open_request(kind, domain, place, member_id, evidence=evidence, now=now)

        def decide(before: Request, is_proven: bool) -> Change | None:
            return give_way(before, asked, now, is_proven=is_proven)

        return self._opened(await self._store.take_over(asked, decide, now), member_id)

    async def approve(
        self,
        request_id: int,
        admin_id: int,
        *,
        stage: str | None = None,
        report: Report | None = None,
        value: str | None = None,
        selector: str | None = None,
        by_hand: bool = False,
        limits: DomainLimits | None = None,
        control_shown: bool = False,
        accepts_risk: bool = False,
        mail_proof: MailProof = NOT_ASKED,
    ) -> Decision:
        """Approve a pending request.

        DMARC takes a `stage`, and for a strict one a fresh `report` that shows the domain ready
        and a `mail_proof` that is enough, or an admin who `accepts_risk`.
        DKIM takes the `value` that an admin pasted and its `selector`; it has to where the mail
        server makes no keys for us. `by_hand` says that the admin adds the mail domain themselves,
        `limits` what it may use where that is not what the mail server gives by itself. A mail
        domain takes that control of it was shown just before, or an admin who `accepts_risk`.

        Raises:
            InvalidKey: the value is no key; said in one sentence.

        """
        approval = Approval(
            *(stage, report, value, selector, by_hand, self._selector, limits),
            control_shown=control_shown,
            accepts_risk=accepts_risk,
            mail_proof=mail_proof,
        )

        def decide(request: Request) -> Change | None:
            if request.state is not State.PENDING:
                return None
            return self._approved(request, admin_id, approval)

        return await self._decide(request_id, decide)

    async def retry(
        self,
        request_id: int,
        admin_id: int,
        *,
        version: int | None = None,
        value: str | None = None,
        selector: str | None = None,
        by_hand: bool = False,
        limits: DomainLimits | None = None,
    ) -> Decision:
        """Have a failed request tried again, if it is still at the `version` that was shown.

        With `value` a pasted DKIM key is taken, and with `by_hand` the admin adds the domain, in
        place of what failed; without `limits` those of before count.
        """
        approval = Approval(
            None, None, value, selector, by_hand, self._selector, limits=limits, again=True
        )

        def decide(request: Request) -> Change | None:
            if request.state is not State.FAILED or version not in {None, request.version}:
                return None
            return self._approved(request, admin_id, approval)

        return await self._decide(request_id, decide)

    async def deny(self, request_id: int, admin_id: int, reason: str) -> Decision:
        """Deny a pending or failed request, with a reason that the member is told."""
        words = reason.strip()
        if not words:
            raise RequestError("request-reason-missing")
        if len(words) > LONGEST_REASON:
            raise RequestError("request-reason-too-long", most=LONGEST_REASON)

        def decide(request: Request) -> Change | None:
            if not can_go(request.state, State.DENIED):
                return None
            now, admin = self._now(), Actor(ActorKind.ADMIN, admin_id)
            decided: dict[str, Any] = {"decided_by": admin_id, "decided_at": now}
            return move(request, State.DENIED, admin, now, reason=words, **decided)

        return await self._decide(request_id, decide)

    async def withdraw(self, request_id: int, member_id: int) -> Decision:
        """Withdraw a member's own request; one that has ended already stays as it is."""

        def decide(request: Request) -> Change | None:
            if request.member_id != member_id:
                raise RequestError("request-of-another")
            if request.state is State.WORKING:
                raise RequestError("request-at-work")
            return self._withdrawn(request)

        return await self._decide(request_id, decide)

    async def finish(
        self,
        request_id: int,
        admin_id: int,
        *,
        seen: str = UNSEEN,
        evidence: Evidence | None = None,
    ) -> Decision:
        """Say that the mail domain or the webmail alias is done.

        `seen` is the code of what the bot sees instead; empty where it sees it done, too.
        `evidence` is what it saw of the domain, None where it could not look.
        """

        def decide(request: Request) -> Change | None:
            if not KINDS[request.kind].is_finished_by_admin:
                raise RequestError("request-seen-by-bot")
            if request.state is not State.WAITING:
                return None
            admin, now = Actor(ActorKind.ADMIN, admin_id), self._now()
            kept = note_live(request.evidence, evidence, now)
            return move(request, State.LIVE, admin, now, seen=seen, evidence=kept)

        return await self._decide(request_id, decide)

    async def look_now(self, request_id: int) -> Request:
        """Have a waiting request looked at at once, and its member's message drawn anew."""

        def decide(request: Request) -> Change | None:
            if request.state is not State.WAITING:
                return None
            # Whoever looks at it now began before.
            return touch(request, due_at=self._now(), seen="", lease_until=None)

        return (await self._decide(request_id, decide)).request

    async def keep_evidence(self, request_id: int, evidence: Evidence) -> Request:
        """Keep what was found out of a domain since it was asked, in place of what was before."""

        def decide(request: Request) -> Change | None:
            if not request.open:
                return None
            return touch(request, evidence=renew_evidence(request.evidence, evidence))

        return (await self._decide(request_id, decide)).request

    async def note_control(self, request_id: int, control: Control) -> Request:
        """Keep what shows control of an open request's domain now, and have its card say so."""

        def decide(request: Request) -> Change | None:
            evidence = follow_control(request.evidence, control)
            if not request.open or evidence == request.evidence:
                return None
            return touch(request, (MessageKind.ADMIN_EDIT,), evidence=evidence)

        return (await self._decide(request_id, decide)).request

    async def send_again(
        self, request_id: int, actor: Actor, place: tuple[int, int] | None = None
    ) -> Request:
        """Have news sent again that did not reach the member; see `transitions.send_again`."""

        def decide(request: Request) -> Change | None:
            return send_again(request, actor, place)

        return (await self._decide(request_id, decide)).request

    async def welcome_back(self, member_id: int, place: tuple[int, int] | None) -> int:
        """Have all news sent again that did not reach a member; return how much there was."""
        missed = [r for r in await self._store.of_member(member_id) if r.undelivered is not None]
        for request in missed:
            await self.send_again(request.id, Actor(ActorKind.MEMBER, member_id), place)
        return len(missed)

    async def move_cards(self, channel_id: int) -> int:
        """Have the cards of open requests posted in this channel; return how many are elsewhere."""
        elsewhere = [
            request
            for request in await self.open_requests()
            if request.card_channel_id not in {None, channel_id}
        ]
        for request in elsewhere:
            await self._decide(request.id, lambda now: touch(now, (MessageKind.ADMIN_CARD,)))
        return len(elsewhere)

    async def forget_member(self, member_id: int) -> None:
        """Withdraw a member's open requests, and put a random pseudonym in their place."""
        now, pseudonym = self._now(), make_pseudonym()
        await self._store.rename_member(member_id, pseudonym, self._withdrawn, now)
        self._wake_up.wake()

    def _approved(self, request: Request, admin_id: int, approval: Approval) -> Change:
        now, rules = self._now(), KINDS[request.kind]
        if approval.value is not None and rules.asks is not Asks.KEY:
            raise RequestError("request-takes-no-value")
        if not rules.can_do(self.capabilities):
            approval = replace(approval, by_hand=True)
        fields = rules.approve(approval, request, now)
        stage = fields.get("stage")
        return move(
            request,
            State.APPROVED,
            Actor(ActorKind.ADMIN, admin_id),
            now,
            detail=note_approval(approval, fields),
            approved_stage=stage,
            **fields,
            decided_by=admin_id,
            decided_at=now,
        )

    def _opened(self, came: tuple[Request, bool], member_id: int) -> Opened:
        request, is_new = came
        if is_new:
            self._wake_up.wake()
        return Opened(request, is_new, not is_new and request.member_id != member_id)

    def _withdrawn(self, request: Request) -> Change | None:
        if not can_go(request.state, State.WITHDRAWN):
            return None
        member = Actor(ActorKind.MEMBER, request.member_id)
        return move(request, State.WITHDRAWN, member, self._now())

    async def _decide(
        self, request_id: int, decide: Callable[[Request], Change | None]
    ) -> Decision:
        request, won = await self._store.change(request_id, decide, self._now())
        if won:
            self._wake_up.wake()
        return Decision(request, won)
