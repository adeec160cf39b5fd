"""What is told of a rotation: whom, once, and drawn anew where it changes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.requests.model import BOT, MessageKind, NewRequest, RequestKind, State
from bot.requests.transitions import move as move_request
from bot.rotations.rotation import NewRotation, RotationNews, RotationState
from bot.rotations.rotation_changes import move, touch
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.watch_news import ADMINS, NewsKind, RotationTold
from rotation_parts import ADMIN, FRIEND, NEW, NOON, OLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.requests.model import OutboxMessage, Request
    from bot.rotations.rotation import Rotation, RotationChange
    from bot.store.engine.database import Database
    from bot.watch.watch_news import News

S, N = RotationState, RotationNews
ANN, BEN, CEM = 21, 22, 23
DAY, LEASE = timedelta(days=1), timedelta(minutes=2)
PLACE = (100, 200)

pytest_plugins = ["store_fixtures"]


class Told:
    """A store of rotations, and what is told of them."""

    def __init__(self, database: Database) -> None:
        self.store = StoredRotations(database)
        self.requests = RequestStore.of(database).requests
        self.watchers = Watchers(database)
        self.proofs = ControlProofs(database)
        self.watch = WatchStore.of(database)
        self.records = WatchRecords(database)
        self.time = NOON

    async def begin(self) -> Rotation:
        """Return a new rotation."""
        asked = NewRotation(FRIEND, OLD, 2048, by_hand=False, actor=ADMIN)
        return (await self.store.open(asked, frozenset(), self.time))[0]

    async def change(
        self, rotation: Rotation, decide: Callable[[Rotation], RotationChange]
    ) -> Rotation:
        """Return it after a change."""
        return (await self.store.change(rotation.id, decide, self.time))[0]

    async def bring(self, rotation: Rotation, *states: RotationState) -> Rotation:
        """Return it after it went through states."""
        for state in states:
            value = NEW.record.text
            decide = partial(move, to=state, actor=BOT, now=self.time, value=value)
            rotation = await self.change(rotation, decide)
        return rotation

    async def ask(self, member_id: int, *states: State) -> Request:
        """Return a request for the domain's key that came into states; an admin approves it."""
        asked = NewRequest(
            *(RequestKind.DKIM, FRIEND, 1, 2, member_id, "[]", NOON, (MessageKind.ADMIN_CARD,), 10)
        )
        request, is_new = await self.requests.open(asked, NOON)
        assert is_new
        for state in states:
            decide = partial(move_request, to=state, actor=BOT, now=NOON)
            if state in {State.APPROVED, State.DENIED}:
                decide = partial(decide, decided_at=NOON)
            request, _ = await self.requests.change(request.id, decide, NOON)
        return request

    async def take(self) -> list[tuple[OutboxMessage, News]]:
        """Take all that is to be delivered."""
        taken = await self.watch.news.take_due(self.time, LEASE, 99)
        found = [(each, await self.watch.news.get(each.request_id)) for each in taken]
        return [(each, news) for each, news in found if news is not None]

    async def deliver(self) -> list[tuple[int, str]]:
        """Deliver all that is due, and return to whom and what it was."""
        told = []
        for message, news in await self.take():
            await self.watch.news.end(message, self.time, PLACE)
            told.append((news.target, str(news.facts["news"])))
        return sorted(told)


@pytest.fixture
def told(database: Database) -> Told:
    return Told(database)


DONE = (State.APPROVED, State.WORKING, State.WAITING, State.LIVE)


async def test_the_admins_have_a_card_from_the_beginning(told: Told) -> None:
    rotation = await told.begin()
    ((message, news),) = await told.take()
    assert message.what is MessageKind.ADMIN_WATCH
    assert (news.what, news.target) == (NewsKind.ROTATION, ADMINS)
    assert news.key == f"rotation:{rotation.id}:0:card"
    assert dict(news.facts) == {
        "subject": "friend.example",
        "rotation": rotation.id,
        "news": "card",
    }
    content = await told.watch.news.content_of(news)
    assert content == RotationTold(rotation, N.CARD)


async def test_a_second_opening_tells_nothing_again(told: Told) -> None:
    await asyncio.gather(*(told.begin() for _ in range(4)))
    assert await told.deliver() == [(ADMINS, "card")]


async def test_who_asked_for_the_key_and_who_watches_are_told_what_to_do(told: Told) -> None:
    await told.ask(ANN, *DONE)
    await told.watchers.add(FRIEND, BEN, NOON, 9)
    rotation = await told.begin()
    assert await told.deliver() == [(ADMINS, "card")]
    await told.bring(rotation, S.PREPARED)
    news = [news for _, news in await told.take() if news.target != ADMINS]
    assert [(each.target, each.facts["news"]) for each in news] == [
        (BEN, "record"),
        (ANN, "record"),
    ]
    content = await told.watch.news.content_of(news[0])
    assert isinstance(content, RotationTold)
    assert (content.news, content.members) == (N.RECORD, 2)


async def test_each_piece_of_news_is_told_once(told: Told) -> None:
    await told.ask(ANN, *DONE)
    rotation = await told.bring(await told.begin(), S.PREPARED)
    assert await told.deliver() == [(ADMINS, "card"), (ANN, "record")]
    # A record that was taken out again is no new one.
    await told.bring(rotation, S.PUBLISHED, S.PREPARED, S.LIVE, S.SWITCHING, S.SWITCHED)
    assert await told.deliver() == [(ADMINS, "card"), (ANN, "record"), (ANN, "switched")]
    for _ in range(2):
        await told.change(rotation, lambda before: touch(before, (N.STUCK,)))
    assert await told.deliver() == [(ADMINS, "stuck")]
    await told.bring(rotation, S.RETIRING, S.RETIRED)
    told_last = await told.deliver()
    assert (ANN, "remove") in told_last
    assert await told.deliver() == []


async def test_all_messages_are_drawn_anew_where_they_say_something_else(told: Told) -> None:
    await told.ask(ANN, *DONE)
    rotation = await told.bring(await told.begin(), S.PREPARED)
    both = [(ADMINS, "card"), (ANN, "record")]
    assert await told.deliver() == both
    changed: tuple[dict[str, Any], ...] = (
        {"servers": "[]"},
        {"reason": "stuck"},
        {"proved_at": NOON},
        {"live_at": NOON},
        {"caches_until": NOON + DAY},
        {"value": OLD.record.text},
    )
    for fields in changed:
        await told.change(rotation, partial(touch, **fields))
        drawn = await told.take()
        assert [message.message_id for message, _ in drawn] == [200, 200], fields
        for message, _ in drawn:
            await told.watch.news.end(message, NOON, PLACE)
    # When the next look is, the admins see alone.
    await told.change(rotation, lambda before: touch(before, attempts=7, due_at=NOON + DAY))
    assert await told.deliver() == [(ADMINS, "card")]
    await told.change(rotation, lambda before: touch(before, attempts=8))
    assert await told.deliver() == []
    await told.bring(rotation, S.UNDOING)
    assert await told.deliver() == both


async def test_a_call_that_waits_for_another_rotation_is_no_news(told: Told) -> None:
    rotation = await told.begin()
    await told.deliver()
    await told.change(rotation, lambda before: touch(before, due_at=NOON + LEASE))
    assert await told.deliver() == []
    await told.change(rotation, lambda before: touch(before, reason="away", due_at=NOON + DAY))
    assert await told.deliver() == [(ADMINS, "card")]
    await told.change(rotation, lambda before: touch(before, due_at=NOON + 2 * DAY))
    assert await told.deliver() == [(ADMINS, "card")]


async def test_what_reached_nobody_is_not_drawn_anew(told: Told) -> None:
    rotation = await told.begin()
    for message, _ in await told.take():
        await told.watch.news.end(message, NOON, None, "no channel")
    await told.bring(rotation, S.PREPARED)
    assert await told.deliver() == []


async def test_the_card_says_where_nobody_is_told(told: Told) -> None:
    rotation = await told.bring(await told.begin(), S.PREPARED)
    ((_, news),) = await told.take()
    content = await told.watch.news.content_of(news)
    assert isinstance(content, RotationTold)
    assert (content.rotation.id, content.members) == (rotation.id, 0)


@pytest.mark.parametrize(
    "states",
    [(), (State.DENIED,), (State.WITHDRAWN,), (State.REPLACED,), (State.APPROVED, State.WITHDRAWN)],
)
async def test_who_only_asked_takes_nobodys_place(told: Told, states: tuple[State, ...]) -> None:
    await told.ask(ANN, *DONE)
    await told.ask(BEN, *states)
    await told.bring(await told.begin(), S.PREPARED)
    assert (ANN, "record") in await told.deliver()
    await told.bring((await told.store.of_domain(FRIEND))[0], S.LIVE, S.SWITCHING, S.SWITCHED)
    assert BEN not in {target for target, _ in await told.deliver()}


async def test_who_has_shown_control_is_told_where_nobody_else_is(told: Told) -> None:
    await told.proofs.keep(FRIEND, BEN, "token", NOON)
    rotation = await told.bring(await told.begin(), S.PREPARED)
    assert await told.deliver() == [(ADMINS, "card"), (BEN, "record")]
    await told.ask(ANN, *DONE)
    await told.bring(rotation, S.LIVE, S.SWITCHING, S.SWITCHED)
    assert (ANN, "switched") in await told.deliver()


async def test_who_asked_last_is_told(told: Told) -> None:
    await told.ask(ANN, *DONE)
    await told.ask(BEN, *DONE)
    await told.bring(await told.begin(), S.PREPARED)
    assert await told.deliver() == [(ADMINS, "card"), (BEN, "record")]


async def test_a_member_who_was_forgotten_is_told_nothing(told: Told) -> None:
    await told.ask(ANN, *DONE)
    await told.watchers.add(FRIEND, ANN, NOON, 9)
    rotation = await told.bring(await told.begin(), S.PREPARED)
    assert (ANN, "record") in await told.deliver()
    await told.requests.rename_member(ANN, -9, lambda _: None, NOON)
    await told.store.forget_member(ANN, -8, NOON)
    await told.watchers.forget(ANN)
    await told.records.forget(ANN)
    await told.bring(rotation, S.LIVE, S.SWITCHING, S.SWITCHED)
    assert await told.deliver() == [(ADMINS, "card")]


async def test_the_card_of_who_was_forgotten_is_drawn_anew(told: Told) -> None:
    await told.begin()
    await told.deliver()
    assert ADMIN.id is not None
    await told.store.forget_member(BEN, -8, NOON)
    assert await told.deliver() == []
    await told.store.forget_member(ADMIN.id, -8, NOON)
    assert await told.deliver() == [(ADMINS, "card")]


async def test_a_watcher_who_paused_is_told_when_that_is_over(told: Told) -> None:
    await told.watchers.add(FRIEND, CEM, NOON, 9)
    await told.watchers.pause(FRIEND, CEM, NOON + 3 * DAY)
    await told.bring(await told.begin(), S.PREPARED)
    assert await told.deliver() == [(ADMINS, "card")]
    told.time += 3 * DAY
    assert await told.deliver() == [(CEM, "record")]


async def test_messages_of_a_rotation_that_goes_on_are_kept_to_be_drawn_anew(told: Told) -> None:
    rotation = await told.bring(await told.begin(), S.PREPARED)
    await told.deliver()
    later: datetime = NOON + 60 * DAY
    assert await told.records.purge_news(later, 99) == 0
    await told.bring(rotation, S.UNDOING, S.UNDONE)
    await told.deliver()
    assert await told.records.purge_news(later, 99) == 1


async def test_news_that_did_not_arrive_name_their_domain(told: Told) -> None:
    await told.ask(ANN, *DONE)
    await told.bring(await told.begin(), S.PREPARED)
    for message, _ in await told.take():
        await told.watch.news.end(message, NOON, None, "no way")
    (missed,) = await told.records.undelivered(ANN, 9)
    assert (missed.what, missed.subject) == (NewsKind.ROTATION, "friend.example")
