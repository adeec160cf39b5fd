"""Rows of the watch's news, written in the transaction of what they tell of."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from bot.names import Domain
from bot.store.repositories.news_messages import (
    NewsMessage,
    add_news,
    find_news,
    news_about,
    read_facts,
    reopen_news,
    write_facts,
)
from bot.store.watch_tables import WatcherRow, WatchNewsRow
from bot.watch.news_facts import dump_certificate, dump_digest, dump_maybe
from bot.watch.watch_news import ADMINS, NewsKind
from bot.watch.watch_overview import MOST_LISTED
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from sqlalchemy.orm import Session

    from bot.watch.look_decision import AwaitedLook
    from bot.watch.watch_news import CertificateTold, DigestTold

MOST_A_CYCLE: Final = 5  # messages of incidents in a day (UTC) to the same people
GATHERED: Final = timedelta(minutes=10)  # in which what more comes goes into the same summary


def tell_incidents(
    session: Session,
    subject: str,
    opened: Sequence[int],
    closed: Mapping[int, datetime],
    now: datetime,
) -> None:
    """Write down one message to everybody who is told of what one look came to.

    `opened` and `closed` are incidents by number, `closed` with the time when each opened: the end
    is told to whoever was told of the beginning. Who paused is told when that is over, and not of
    what began and ended meanwhile.
    """
    told = news_about(session, subject) if closed else []
    for row in told:
        if row.due_at > now and _is_unsent(row):  # held back by a pause
            _leave_out(session, row, closed)
    told = news_about(session, subject) if closed else []
    members = _watchers(session, subject)
    for target, paused_until in {ADMINS: None, **members}.items():
        due_at = max(now, paused_until or now)
        facts = {
            "subject": subject,
            "opened": list(opened),
            "closed": [
                number
                for number, opened_at in closed.items()
                if any(row.target == target and number in read_facts(row)["opened"] for row in told)
                or number in _summed_up(session, target, opened_at)
            ],
        }
        if facts["opened"] or facts["closed"]:
            # An incident opens once and closes once, so that its number says which news it is.
            first = f"o{facts['opened'][0]}" if facts["opened"] else f"c{facts['closed'][0]}"
            key = f"{NewsKind.INCIDENTS}:{subject}:{target}:{first}"
            message = NewsMessage(key, NewsKind.INCIDENTS, target, facts, subject)
            _tell(session, message, now, due_at)


def unsent_rows(session: Session, subject: str, target: int) -> list[WatchNewsRow]:
    """Return the messages of incidents of one subject that nobody has begun to send to somebody."""
    return [row for row in news_about(session, subject) if row.target == target and _is_unsent(row)]


def draw_anew(
    session: Session, subject: str, opened_at: Mapping[int, datetime], now: datetime
) -> None:
    """Have the messages that told of incidents drawn anew, where they are in Discord.

    `opened_at` is by the incident's number.
    """
    for row in news_about(session, subject):
        if not opened_at.keys().isdisjoint(read_facts(row)["opened"]):
            reopen_news(row, now)
    targets = (ADMINS, *_watchers(session, subject))
    keys = {
        key
        for target in targets
        for time_of in opened_at.values()
        for key in _summary_keys(target, time_of)
    }
    for row in session.scalars(select(WatchNewsRow).where(WatchNewsRow.key.in_(keys))):
        if not opened_at.keys().isdisjoint(read_facts(row)["opened"]):
            reopen_news(row, now)


def tell_awaited(session: Session, look: AwaitedLook, now: datetime) -> None:
    """Write down that a member is told how waiting for something ended."""
    awaited = look.awaited
    facts = {
        "subject": awaited.domain.ascii,
        "awaited": awaited.id,
        "finding": dump_maybe(look.finding),
    }
    key = f"{NewsKind.AWAITED}:{awaited.id}"
    add_news(session, NewsMessage(key, NewsKind.AWAITED, awaited.member_id, facts), now)


def tell_certificate(session: Session, told: CertificateTold, now: datetime) -> None:
    """Write down that the admins are told that a certificate ends, once for each threshold."""
    key = f"{NewsKind.CERTIFICATE}:{told.ends_at.isoformat()}:{told.days}"
    add_news(session, NewsMessage(key, NewsKind.CERTIFICATE, ADMINS, dump_certificate(told)), now)


def was_digest_told(session: Session, week: str) -> bool:
    """Return whether the digest of a week was written down for the admins."""
    return find_news(session, _digest_key(ADMINS, week)) is not None


def tell_digest(session: Session, target: int, week: str, told: DigestTold, now: datetime) -> None:
    """Write down the digest of a week, once for everybody who gets one."""
    key = _digest_key(target, week)
    add_news(session, NewsMessage(key, NewsKind.DIGEST, target, dump_digest(told)), now)


def _watchers(session: Session, subject: str) -> dict[int, datetime | None]:
    """Return the members who have a domain watched, and until when they want to be left alone."""
    if subject == MAIL_SERVER:
        return {}
    found = (
        select(WatcherRow.member_id, WatcherRow.paused_until)
        .where(WatcherRow.domain == Domain.from_ascii(subject), WatcherRow.member_id >= 0)
        .order_by(WatcherRow.member_id)
    )
    return {row.member_id: row.paused_until for row in session.execute(found)}


def _tell(session: Session, message: NewsMessage, now: datetime, due_at: datetime) -> None:
    """Write a message down, or add it to the summary where there were enough in this cycle."""
    target = message.target
    told = session.scalar(
        select(func.count())
        .select_from(WatchNewsRow)
        .where(
            WatchNewsRow.target == target,
            WatchNewsRow.what == NewsKind.INCIDENTS.value,
            WatchNewsRow.created_at >= _start_of_cycle(now),
        )
    )
    # What a pause holds back waits by itself: a summary has other domains' news, which do not wait.
    if (told or 0) < MOST_A_CYCLE or due_at > now:
        add_news(session, message, now, due_at)
        return
    facts, due_at = message.facts, now + GATHERED
    row = find_news(session, _summary_key(target, now))
    if row is None:
        summed_up = _merge({"opened": [], "closed": []}, facts)
        summary = NewsMessage(_summary_key(target, now), NewsKind.SUMMARY, target, summed_up)
        add_news(session, summary, now, due_at)
        return
    row.facts = write_facts(_merge(read_facts(row), facts))
    row.version += 1
    if row.ended_at is not None:
        row.ended_at, row.due_at, row.attempts = None, due_at, 0


def _merge(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a summary with those of one more look, as far as it has room.

    Of the rest it says how many they are: each look of a day would write all of them again.
    """
    every = {key: dict.fromkeys([*known[key], *more[key]]) for key in ("opened", "closed")}
    kept = {key: list(islice(numbers, MOST_LISTED)) for key, numbers in every.items()}
    beyond = sum(len(every[key]) - len(kept[key]) for key in kept)
    return {**kept, "unlisted": known.get("unlisted", 0) + beyond}


def _is_unsent(row: WatchNewsRow) -> bool:
    return row.ended_at is None and row.attempts == 0 and row.message_id is None


def _leave_out(session: Session, row: WatchNewsRow, closed: Container[int]) -> None:
    """Take the incidents that closed out of what is told to have opened."""
    facts = read_facts(row)
    facts["opened"] = [number for number in facts["opened"] if number not in closed]
    if facts["opened"] or facts["closed"]:
        row.facts = write_facts(facts)
    else:
        session.delete(row)
    session.flush()


def _summed_up(session: Session, target: int, opened_at: datetime) -> list[int]:
    """Return the incidents that opened in the summaries which may tell of that moment."""
    rows = (find_news(session, key) for key in _summary_keys(target, opened_at))
    return [number for row in rows if row is not None for number in read_facts(row)["opened"]]


def _digest_key(target: int, week: str) -> str:
    return f"{NewsKind.DIGEST}:{target}:{week}"


def _summary_key(target: int, moment: datetime) -> str:
    return f"{NewsKind.SUMMARY}:{target}:{moment.astimezone(UTC).date().isoformat()}"


def _summary_keys(target: int, opened_at: datetime) -> tuple[str, str]:
    """Return the keys of the summaries in which an incident of that moment may have been told.

    A look that ends before midnight can be settled after it.
    """
    return _summary_key(target, opened_at), _summary_key(target, opened_at + timedelta(days=1))


def _start_of_cycle(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)
