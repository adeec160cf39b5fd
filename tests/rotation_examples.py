"""Rotations in every state that people see, and the cards that show them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.cards.rotation_card import build_rotation_card, build_stuck_card, build_undo_question
from bot.cards.rotation_details import build_rotation_details
from bot.cards.rotation_member_cards import MemberView, build_member_card
from bot.cards.rotations_overview_card import build_rotations_card
from bot.checks.dkim.server_records import RecordState, ServerRecord, ServerRecords, dump_servers
from bot.errors import BackendUnreachable, RequestError
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.requests.failure import dump_failure
from bot.requests.model import BOT
from bot.rotations.due_keys import DueKey, WhyDue
from bot.rotations.rotation import RotationEntry, RotationNews, RotationState, RotationStep
from bot.rotations.rotation_service import BegunDue, RefusedRotation
from bot.words import Medium, Words
from rotation_parts import ADMIN, NOON, OLD, make_rotation
from zone_reports import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cards.layout import Card
    from bot.rotations.rotation import Rotation

WORDS: Final = Words(Medium.DISCORD)
ITEMS: Final = PersistentItems(WORDS)
NOW: Final = NOON + timedelta(minutes=20)
SOON: Final = NOW + timedelta(minutes=15)
REASON: Final = dump_failure(
    BackendUnreachable("mailcow-unreachable", url="https://mail.cow.example")
)
UNPUBLISHED: Final = dump_failure(RequestError("rotation-not-published", days=30))
_S, _R, _T = RotationState, RecordState, RotationStep
MEMBERS_NEWS: Final = (
    RotationNews.RECORD,
    RotationNews.SWITCHED,
    RotationNews.REMOVE,
    RotationNews.UNDONE,
)


def servers(*have: tuple[RecordState, RecordState]) -> str:
    """Return what name servers have, each the new record and the old one."""
    return dump_servers(
        ServerRecords(
            tuple(ServerRecord(f"ns{n}.host.example", *each) for n, each in enumerate(have, 1)),
            keeps=3600,
            old_keeps=3600,
        )
    )


BOTH: Final = servers((_R.RIGHT, _R.RIGHT), (_R.RIGHT, _R.RIGHT))
SOME: Final = servers((_R.RIGHT, _R.RIGHT), (_R.MISSING, _R.RIGHT), (_R.UNANSWERED, _R.UNANSWERED))
NONE: Final = servers((_R.MISSING, _R.RIGHT), (_R.MISSING, _R.RIGHT))
LACKING: Final = servers((_R.RIGHT, _R.MISSING), (_R.RIGHT, _R.RIGHT))
MANY: Final = servers(*(((_R.OTHER, _R.MISSING),) * 13))


def rotations() -> dict[str, Rotation]:
    """Return a rotation for each thing that its card can say, by a name."""
    live = {"live_at": NOON, "servers": BOTH}
    switched = {**live, "switched_at": NOON, "due_at": NOON + timedelta(days=7)}
    proved = {**switched, "proved_at": NOW}
    return {
        "preparing": make_rotation(_S.PREPARING),
        "preparing, again": make_rotation(_S.PREPARING, reason=REASON, due_at=SOON),
        "preparing by hand": make_rotation(_S.PREPARING, by_hand=True, due_at=None),
        "prepared": make_rotation(_S.PREPARED),
        "prepared, looked": make_rotation(_S.PREPARED, servers=NONE, due_at=SOON, attempts=1),
        "published": make_rotation(_S.PUBLISHED, servers=SOME, due_at=SOON),
        "published, all wrong": make_rotation(_S.PUBLISHED, servers=MANY, due_at=SOON),
        "published, cached": make_rotation(_S.PUBLISHED, **live, caches_until=SOON, due_at=SOON),
        "live": make_rotation(_S.LIVE, **live, due_at=NOON + timedelta(hours=14)),
        "live by hand": make_rotation(_S.LIVE, **live, by_hand=True, due_at=None),
        "switching": make_rotation(_S.SWITCHING, **live, step=_T.SWITCH),
        "switching, stuck": make_rotation(_S.SWITCHING, **live, step=_T.SWITCH, reason=REASON),
        "switched": make_rotation(_S.SWITCHED, **switched),
        "switched, proved": make_rotation(_S.SWITCHED, **proved),
        "retiring": make_rotation(_S.RETIRING, **proved),
        "retired": make_rotation(_S.RETIRED, **{**proved, "due_at": None}),
        "undoing": make_rotation(_S.UNDOING),
        "undoing by hand": make_rotation(_S.UNDOING, **switched, by_hand=True),
        "undoing, stuck": make_rotation(
            _S.UNDOING,
            **{**switched, "servers": LACKING},
            step=_T.RESTORE,
            reason=REASON,
        ),
        "undone": make_rotation(_S.UNDONE, due_at=None),
        "undone, not published": make_rotation(_S.UNDONE, reason=UNPUBLISHED, due_at=None),
        "undone, left behind": make_rotation(_S.UNDONE, reason=REASON, due_at=None),
        "undone after the switch": make_rotation(
            _S.UNDONE, **{**switched, "servers": LACKING, "due_at": None}
        ),
        "failed": make_rotation(_S.FAILED, reason=REASON, due_at=None),
        "failed on the way back": make_rotation(_S.FAILED, **switched, reason=REASON),
    }


def due(name: str = "old.example", why: WhyDue = WhyDue.SHORT) -> DueKey:
    """Return a key that is due."""
    domain = Domain.from_ascii(name)
    return DueKey(domain, "dkim", OLD.record.text, 1024, "rsa", NOON - timedelta(days=400), why)


def entries(count: int = 4) -> tuple[RotationEntry, ...]:
    """Return what was done to a rotation, in its order."""
    way = (_S.PREPARING, _S.PREPARED, _S.PUBLISHED, _S.LIVE)
    return tuple(
        RotationEntry(
            NOON + timedelta(hours=n),
            BOT if n else ADMIN,
            way[(n - 1) % 4] if n else None,
            way[n % 4],
            REASON if n == 2 else "",
        )
        for n in range(count)
    )


def admins_card(rotation: Rotation, *, locked: bool = False) -> Card:
    """Return the admin's card of a rotation."""
    return build_rotation_card(rotation, WORDS, ITEMS, now=NOW, probe=True, locked=locked)


def members_card(rotation: Rotation, news: RotationNews, view: MemberView | None = None) -> Card:
    """Return the card of a member's news."""
    usual = MemberView(SERVER, test="</testmail:1>")
    return build_member_card(rotation, news, view or usual, WORDS, ITEMS)


def cards() -> Iterator[tuple[str, Card]]:
    """Yield every card of every rotation, with its name."""
    for name, rotation in rotations().items():
        yield f"card: {name}", admins_card(rotation)
        yield f"stuck: {name}", build_stuck_card(rotation, WORDS, ITEMS, locked=True)
        yield f"details: {name}", build_rotation_details(rotation, entries(), WORDS)
        for news in MEMBERS_NEWS:
            yield f"{news.value}: {name}", members_card(rotation, news)
    switched = rotations()["switched"]
    keys = [due(f"d{number}.example") for number in range(30)]
    refused = tuple(
        RefusedRotation(key.domain, RequestError("rotation-domain-off", domain=str(key.domain)))
        for key in keys
    )
    open_ones = [replace(switched, id=number) for number in range(1, 31)]
    begun = BegunDue((switched,), refused, 9)
    yield "overview", build_rotations_card(open_ones, keys, WORDS, ITEMS)
    yield "overview, begun", build_rotations_card(open_ones, keys, WORDS, ITEMS, begun=begun)
    yield "undo", build_undo_question(replace(switched, servers=LACKING), WORDS, ITEMS)
