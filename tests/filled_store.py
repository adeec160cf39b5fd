"""A store with rows in every table: by its repositories, and made up at the edges of columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    String,
    TypeDecorator,
    insert,
)

from bot.names import Domain
from bot.requests.mail_proof import JudgedMail, MailPlace
from bot.requests.model import RequestKind
from bot.rotations.rotation import NewRotation
from bot.store.columns import DomainName, UtcDateTime
from bot.store.engine.database import Database
from bot.store.metadata import METADATA
from bot.store.repositories.command_fingerprints import CommandFingerprint, CommandFingerprints
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from request_parts import ANN, COWHERD, FRIEND, MOVER, NOON, Setup
from rotation_parts import ADMIN, OLD
from stored_requests import ask
from watch_parts import open_watch

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, Table
    from sqlalchemy.orm import Session
    from sqlalchemy.types import TypeEngine

LARGEST = 2**63 - 1
# What text may be of any sign, in as many octets as there are for one.
_SIGNS = "aé€𝄞\U0010ffff\x01\x7f\u2028\ufeff\"'\\%\t\r\n"
# Greater in octets, lesser in most locales.
_NAMES = (
    "a-b{}.example",
    "ab{}.example",
    "b{}.example",
    "a.b{}.example",
    "xn--bcher-kva.a{}.example",
)


async def fill_store(folder: Path, url: str) -> None:
    """Have the bot's own repositories write each kind of row."""
    parts = await Setup(folder, url=url).open()
    try:
        await _bring_requests_to_their_end(parts)
    finally:
        await parts.close()
    async with open_watch(url) as watch:
        watch.world.at = NOON
        await watch.watchers.add(FRIEND, ANN, NOON, 5)
        await watch.goals.add(MOVER, ANN, "mx", NOON, confidential=True, most=5)
        await watch.jump(timedelta(0), timedelta(minutes=6))
        await watch.break_mx()
    async with await Database.open(url) as database:
        await _fill_others(database)


async def _bring_requests_to_their_end(parts: Setup) -> None:
    for kind, domain in ((RequestKind.DKIM, FRIEND), (RequestKind.DMARC, MOVER)):
        request = await ask(parts, kind, domain)
        stage = "none" if kind is RequestKind.DMARC else None
        assert (await parts.requests.approve(request.id, COWHERD, stage=stage)).won
        parts.live.add(domain.ascii)
        await parts.settle()
        parts.pass_time(minutes=2)
        await parts.settle()


async def _fill_others(database: Database) -> None:
    ids = {"dnscheck": LARGEST, "dkim": 1}
    fingerprint = CommandFingerprint(None, "f" * 64, ids, NOON)
    await CommandFingerprints(database).put(fingerprint)
    await RecentDomains(database).remember(ANN, FRIEND, NOON)
    for number in range(3):
        at = NOON + timedelta(microseconds=number)
        await StoredChecks(database).keep(FRIEND, LARGEST - number, '{"é":"\\u0000"}', 1, at)
    proofs = ControlProofs(database)
    await proofs.secret()
    await proofs.keep(FRIEND, ANN, "txt", NOON)
    tests = MailTests(database)
    await tests.make(ANN, FRIEND, "0" * 64, (NOON, NOON + timedelta(hours=1)), 5)
    taken = await tests.take(["0" * 64], MailPlace("INBOX", 1, 2), NOON)
    assert taken is not None
    await tests.settle(taken.id, JudgedMail(NOON, "Subject: \x01 é\r\n", "{}", FRIEND), NOON)
    await SentMails(database).begin(ANN, FRIEND, NOON, 5)
    asked = NewRotation(FRIEND, OLD, 2048, by_hand=False, actor=ADMIN)
    await StoredRotations(database).open(asked, frozenset(), NOON)


async def make_rows_up(url: str, number: int) -> None:
    """Write rows with the least, the greatest and the oddest values of each column's type."""
    async with await Database.open(url) as database:
        for table in METADATA.sorted_tables:
            await database.write(partial(_add, table, number))


def _add(table: Table, number: int, session: Session) -> None:
    session.execute(insert(table), [_make_row(table, at) for at in range(number)])


def _make_row(table: Table, at: int) -> dict[str, Any]:
    return {column.name: _make_value(column, at) for column in table.columns}


def _make_value(column: Column[Any], at: int) -> Any:
    is_number_of_row = column is column.table.autoincrement_column or column.foreign_keys
    if is_number_of_row:
        return 1000 + 7 * at
    if column.nullable and at % 3 == 0:
        return None
    return _value_of(column.type, at)


def _value_of(kind: TypeEngine[Any], at: int) -> Any:
    """Return a value of a type, another one for each row where the type has so many."""
    match kind:
        case UtcDateTime():
            edges = (
                datetime(1, 1, 1, tzinfo=UTC),
                datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
            )
            return edges[at] if at < len(edges) else NOON + timedelta(microseconds=at)
        case DomainName():
            return Domain.from_ascii(_NAMES[at % len(_NAMES)].format(at))
        case JSON():
            return {"é\ud800": [LARGEST - at, None, 0.1, "\0"]}
        case Boolean():
            return bool(at % 2)
        case BigInteger():
            return LARGEST - at if at % 2 else -LARGEST - 1 + at
        case Integer():
            return 2**31 - 1 - at if at % 2 else -(2**31) + at
        case LargeBinary():
            return bytes(range(256)) + bytes((at % 256,))
        case String():
            text = f"{at} {_SIGNS * 40}"
            return text[: kind.length or len(text)]
        case TypeDecorator():
            return _value_of(kind.impl_instance, at)
    raise TypeError(f"no value is made up for {kind!r}")
