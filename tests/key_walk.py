"""The calls of a rotation at the double of Mailcow, for tests that cut them and make them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.parse import read_dkim
from bot.rotations.rotation import RotationStep
from made_pairs import made_pair
from mailcow_helpers import A

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey

WORKSHOP: Final = "dkim-factory.invalid"
NEXT, FORMER = f"a.test.next.{WORKSHOP}", f"a.test.prev.{WORKSHOP}"
OLD_SELECTOR, NEW_SELECTOR = "dkim", "cb202611a"

# From the key of before to the new one; after that come the way back, and the end of both ways.
FORWARD: Final = (
    RotationStep.OPEN_WORKSHOP,
    RotationStep.CLEAR_WORKSHOP,
    RotationStep.MAKE_KEY,
    RotationStep.KEEP_NEXT,
    RotationStep.LEAVE_WORKSHOP,
    RotationStep.KEEP_FORMER,
    RotationStep.SWITCH,
)
BACK: Final = (RotationStep.RESTORE,)
AFTER: Final = (RotationStep.DROP_NEXT, RotationStep.DROP_FORMER)
WHOLE: Final = (*FORWARD, *BACK, *AFTER)


class KeyWalk:
    """Makes the calls of a rotation of a.test, as a worker does."""

    def __init__(self, cow: MailcowDouble, client: Mailcow) -> None:
        self.cow = cow
        self.rotator = MailcowRotator(client)
        self.old_pair = cow.dkim["a.test"]
        self.old = known(self.old_pair)
        self._new: KnownKey | None = None

    @property
    def new(self) -> KnownKey:
        """The key that was made."""
        assert self._new is not None
        return self._new

    @property
    def signing(self) -> str:
        """With which key mail leaves right now: "old", "new", "other" or "none"."""
        pair = self.cow.dkim.signing("a.test")
        if pair is None:
            return "none"
        if pair == self.old_pair:
            return "old"
        new = self._new
        is_new = (
            new is not None and pair.public in new.record.text and pair.selector == new.selector
        )
        return "new" if is_new else "other"

    async def call(self, step: RotationStep) -> None:
        """Make the call of a step once."""
        rotator = self.rotator
        match step:
            case RotationStep.OPEN_WORKSHOP:
                await rotator.open_workshop()
            case RotationStep.CLEAR_WORKSHOP | RotationStep.LEAVE_WORKSHOP:
                await rotator.clear_workshop()
            case RotationStep.MAKE_KEY:
                self._new = await rotator.make_key(NEW_SELECTOR, 2048)
            case RotationStep.KEEP_NEXT:
                await rotator.keep_next(A, self.new)
            case RotationStep.KEEP_FORMER:
                await rotator.keep_former(A, self.old)
            case RotationStep.SWITCH:
                await rotator.switch(A, self.old, self.new)
            case RotationStep.RESTORE:
                await rotator.restore(A, self.new, self.old)
            case RotationStep.DROP_NEXT:
                await rotator.drop_next(A)
            case RotationStep.DROP_FORMER:
                await rotator.drop_former(A)

    async def call_again(self, step: RotationStep) -> None:
        """Make the call of a step that was cut short: a key is only made in an empty workshop."""
        if step is RotationStep.MAKE_KEY:
            await self.call(RotationStep.CLEAR_WORKSHOP)
        await self.call(step)

    async def go(self, *steps: RotationStep) -> None:
        """Make the calls of these steps."""
        for step in steps:
            await self.call(step)

    async def go_before(self, step: RotationStep) -> None:
        """Make all calls that come before that of a step."""
        await self.go(*WHOLE[: WHOLE.index(step)])


def known(pair: DkimPair, domain: Domain = A) -> KnownKey:
    """Return a pair of the double as the rotator knows it."""
    key = read_dkim({"dkim_selector": pair.selector, "pubkey": pair.public}, domain)
    assert key is not None
    return key.known


def spare_pair(number: int) -> DkimPair:
    """Return one of the keys that the double hands out."""
    return made_pair(number, f"spare{number}")
