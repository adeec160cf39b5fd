"""The domains that the mail server told, written to what is watched."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select

from bot.store.repositories.look_settlement import settle_look
from bot.store.repositories.watched_rows import make_watched
from bot.store.watch_tables import WatchedRow
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database
    from bot.watch.domain_list import Listing

# Between two of these the event loop and other writers get their turn.
_COMPARED_AT_ONCE: Final = 2_000  # domains
_WRITTEN_AT_ONCE: Final = 200


class _Known(NamedTuple):
    """What a list of domains is compared with."""

    subject: str
    hosted: bool
    missed_at: datetime | None


async def note_listing(database: Database, listing: Listing, now: datetime) -> None:
    """Write down which domains are hosted, and then that the mail server told.

    Only what differs is written, so that a list which says nothing new writes one row.
    """
    differing = iter(await _find_differing(database, listing))
    while some := tuple(islice(differing, _WRITTEN_AT_ONCE)):
        await database.write(
            partial(_note_domains, subjects=some, listing=listing, now=now),
        )
    await database.write(lambda session: settle_look(session, MAIL_SERVER, listing.note, now))


async def _find_differing(database: Database, listing: Listing) -> list[str]:
    """Return the domains of which the list says something else than what is known, by name."""
    unknown, differing, last = set(listing.domains), list[str](), ""
    while True:
        page = await database.read(partial(_read_page, after=last))
        for known in page:
            unknown.discard(known.subject)
            if _differs(known, listing):
                differing.append(known.subject)
        if len(page) < _COMPARED_AT_ONCE:
            return sorted([*unknown, *differing])
        last = page[-1].subject


def _read_page(session: Session, after: str) -> Sequence[_Known]:
    """Return the next domains in the database's own order of names."""
    row = WatchedRow
    rows = select(row.subject, row.hosted, row.missed_at).where(row.subject > after)
    page = session.execute(rows.order_by(row.subject).limit(_COMPARED_AT_ONCE))
    return [_Known(*known) for known in page]


def _differs(known: _Known | WatchedRow, listing: Listing) -> bool:
    if known.subject == MAIL_SERVER:
        return False
    if known.subject in listing.domains:
        return not known.hosted or known.missed_at is not None
    is_gone = known.missed_at is None or known.missed_at <= listing.gone_before
    return known.hosted and is_gone


def _note_domains(
    session: Session, subjects: Sequence[str], listing: Listing, now: datetime
) -> None:
    """Write down what the list says of some domains, as they are in this transaction."""
    found = session.scalars(select(WatchedRow).where(WatchedRow.subject.in_(subjects)))
    rows = {row.subject: row for row in found}
    for subject in subjects:
        row = rows.get(subject)
        if row is None:
            new = make_watched(subject, now, is_new=not listing.is_first)
            new.hosted, new.due_at = True, listing.first_look(subject) if listing.is_first else now
            session.add(new)
        elif _differs(row, listing):
            _change(row, listing, now)
            row.version += 1  # what is being decided about a look is decided anew


def _change(row: WatchedRow, listing: Listing, now: datetime) -> None:
    if row.subject in listing.domains:
        # Who waited for it before has not set it up yet.
        row.added_at = row.added_at if row.hosted else now
        row.due_at = row.due_at or now
        row.hosted, row.missed_at = True, None
    elif row.missed_at is None:
        row.missed_at = now
    else:
        row.hosted, row.due_at = False, now
