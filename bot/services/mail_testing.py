"""Test mails: tokens are handed out, the mailbox is looked into, and what came is judged once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import ProbeError, StoreError
from bot.probe.imap_session import RECIPIENT_FIELDS
from bot.records.mail_token import (
    SUBJECT_MARK,
    address_with,
    digest_token,
    find_tokens,
    make_token,
)
from bot.requests.mail_proof import (
    ON_ITS_WAY,
    TESTS_AN_HOUR,
    TOKEN_LASTS,
    JudgedMail,
    MailTestFault,
    MailTestState,
    weigh_tests,
)
from bot.requests.polling import wait_for_wake_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.checks.mail.proven_keys import ProvenKey
    from bot.names import Domain, MailAddress
    from bot.probe.mailbox import ProbeMailbox
    from bot.requests.mail_proof import MailProof, MailTest
    from bot.requests.polling import WakeUp
    from bot.services.mail_verdicts import MailVerdicts
    from bot.store.repositories.mail_tests import MailTests

    # Takes a key that a mail was signed with, and when that arrived; it may be called again for
    # the same mail.
    NoteProven = Callable[[ProvenKey, datetime], Awaitable[None]]

BETWEEN_LOOKS: Final = 20.0  # seconds, while a mail may come
LONGEST_REST: Final = 600.0  # seconds, after failures, and where only something is to be deleted
LONGEST_WAIT: Final = 12.0  # seconds that a member waits for a look
_DAY: Final = timedelta(days=1)
_GIVE_UP_AFTER: Final = timedelta(hours=1)  # after the end of a test whose mail cannot be read
_MOST_ROUNDS: Final = 20  # of a look, in each of which so many mails are looked at

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewMailTest:
    """A test that was begun: where its mail is to be sent, and what is known of the mailbox.

    `address` holds the token; `plain` is the mailbox's own address, for which the `subject` does.
    """

    test: MailTest
    address: str
    plain: str
    subject: str
    is_foreign: bool  # the mailbox is on another server than the mail host


class MailTesting:
    """Everything about test mails that members send; one look into the mailbox at a time.

    A mail is taken by its token in the store, then judged, then deleted: whatever cuts this short,
    the next look goes on where it was, and no mail is judged for two tests.
    """

    def __init__(
        self,
        tests: MailTests,
        mailbox: ProbeMailbox,
        verdicts: MailVerdicts,
        now: Callable[[], datetime],
        wake_up: WakeUp,
        *,
        note_proven: NoteProven | None = None,
    ) -> None:
        self._tests = tests
        self._mailbox = mailbox
        self._verdicts = verdicts
        self._now = now
        self._wake_up = wake_up
        self._note_proven = note_proven
        self._begun = asyncio.Event()
        self._look: asyncio.Task[None] | None = None
        self._looked_at: dict[tuple[str, int], int] = {}  # up to which number, by folder
        self._stuck: set[int] = set()  # tests whose mail cannot be taken away
        self.fault: ProbeError | None = None  # of the last look

    @property
    def address(self) -> MailAddress:
        """The address of the mailbox."""
        return self._mailbox.address

    async def begin(self, member_id: int, domain: Domain | None) -> NewMailTest | datetime:
        """Begin a test, or return when the member can begin one again."""
        token, now = make_token(), self._now()
        made = await self._tests.make(
            member_id, domain, digest_token(token), (now, now + TOKEN_LASTS), TESTS_AN_HOUR
        )
        if isinstance(made, datetime):
            return made
        self._begun.set()
        return NewMailTest(
            made,
            address_with(token, self.address),
            str(self.address),
            f"{SUBJECT_MARK}{token}",
            await self._verdicts.is_foreign(),
        )

    async def get(self, test_id: int) -> MailTest | None:
        """Return a test; None where there is none any more."""
        return await self._tests.get(test_id)

    async def proof_of(self, domain: Domain) -> MailProof:
        """Return what test mails show of a domain."""
        return weigh_tests(await self._tests.of_domain(domain), domain, self._now())

    async def look_now(self) -> None:
        """Return when a look has ended, or after 12 seconds; those who wait share one."""
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                if self._look is not None and not self._look.done():
                    await asyncio.wait({self._look})  # it may have begun before the mail came
                await asyncio.wait({self._begin_look()})
        except TimeoutError:
            return

    async def run(self) -> None:
        """Look while a mail may come, until cancelled."""
        failures = 0
        try:
            while True:
                await asyncio.shield(self._begin_look())
                failures = failures + 1 if self.fault else 0
                await wait_for_wake_up(self._begun, await self._rest(failures))
        finally:
            if self._look is not None:
                self._look.cancel()

    async def step(self) -> None:
        """Look once: finish what was taken, end what is over, and take what came.

        Raises:
            ProbeError: the mailbox cannot be used.
            StoreError: the store cannot be used.

        """
        fault = await self._finish_taken()
        started = self._now()
        for _ in range(_MOST_ROUNDS):
            if not await self._take_new():
                break
        # Only now it is known that no mail came for those whose time was over before.
        if await self._tests.end_before(started - ON_ITS_WAY, self._now()):
            self._wake_up.wake()
        if fault is not None:
            raise fault

    async def _take_new(self) -> bool:
        """Take what came since the last look; whether there may be more."""
        waiting = await self._tests.waiting()
        if not waiting:
            return False
        # A day more, as the mailbox may count days by another clock than ours.
        since = (waiting[0].made_at - _DAY).date()
        found = await self._mailbox.look(since, SUBJECT_MARK, self._looked_at)
        for mail in found:
            # 64 KiB of odd fields can take longer than the event loop may be held.
            tokens = await asyncio.to_thread(
                find_tokens, mail.fields, self.address, RECIPIENT_FIELDS
            )
            digests = [digest_token(token) for token in tokens]
            # It came in time by one of the two clocks, where the mailbox was out of reach.
            at = min(self._now(), mail.arrived_at)
            test = await self._tests.take(digests, mail.place, at)
            self._looked_at[mail.place.folder, mail.place.validity] = mail.place.uid
            if test is not None:
                await self._finish(test)
        return bool(found)

    def _begin_look(self) -> asyncio.Task[None]:
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._try_looking())
        return self._look

    async def _try_looking(self) -> None:
        try:
            await self.step()
        except ProbeError as error:
            if self.fault is None or self.fault.code != error.code:
                _log.warning("the mailbox for test mails: %s", error)
            self.fault = error
            await self._end_unseen()
        except StoreError as error:
            _log.error("test mails: %s", error)
        else:
            self.fault = None

    async def _rest(self, failures: int) -> float:
        try:
            if await self._tests.waiting():
                return min(BETWEEN_LOOKS * float(1 << min(failures, 10)), LONGEST_REST)
        except StoreError as error:
            _log.error("test mails: %s", error)
        return LONGEST_REST

    async def _end_unseen(self) -> None:
        """End the tests of which nobody can tell for long whether a mail came."""
        now = self._now()
        unseen = MailTestFault.NOT_LOOKED.value
        try:
            if await self._tests.end_before(now - _GIVE_UP_AFTER, now, unseen):
                self._wake_up.wake()
        except StoreError as error:
            _log.error("test mails: %s", error)

    async def _finish_taken(self) -> ProbeError | None:
        """Finish what an earlier look had begun; one that fails keeps no other from its turn."""
        fault: ProbeError | None = None
        for test in await self._tests.unfinished():
            try:
                await self._finish(test)
            except ProbeError as error:
                fault = error
                await self._give_up(test)
        return fault

    async def _finish(self, test: MailTest) -> None:
        """Judge the mail that was taken for a test, unless that was done, and then delete it."""
        place = test.place
        if place is None:
            return
        if test.state is MailTestState.TAKEN and not test.forgotten:
            mail = await self._mailbox.fetch(place)
            if mail is None:
                _log.warning("test mail %d was gone before it was read", test.id)
                await self._tests.release(test.id)
                return
            # A mailbox whose clock is ahead must not make a pass count for longer.
            at = min(mail.arrived_at, self._now())
            if mail.raw is None:
                judged = JudgedMail(at, fault=MailTestFault.TOO_BIG)
            else:
                judged = await self._verdicts.judge(test, mail.raw, at)
            await self._settle(test, judged)
        if await self._mailbox.delete(place):
            await self._tests.note_deleted(test.id)
            return
        if test.id in self._stuck:
            return
        self._stuck.add(test.id)
        _log.warning(
            "test mail %d stays in the mailbox, marked as deleted: another mail is marked, too, "
            "and the server can only take all of them away",
            test.id,
        )

    async def _give_up(self, test: MailTest) -> None:
        """Say of a mail that cannot be read for long that it cannot."""
        over = test.ends_at + _GIVE_UP_AFTER < self._now()
        if test.state is MailTestState.TAKEN and not test.forgotten and over:
            await self._settle(test, JudgedMail(None, fault=MailTestFault.UNREADABLE))

    async def _settle(self, test: MailTest, judged: JudgedMail) -> None:
        if self._note_proven is not None and judged.arrived_at is not None:
            # Before the test is over, so that a crash between has the mail judged again.
            for key in judged.proven:
                await self._note_proven(key, judged.arrived_at)
        if await self._tests.settle(test.id, judged, self._now()):
            self._wake_up.wake()
