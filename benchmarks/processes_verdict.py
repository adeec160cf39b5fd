"""What was lost or done twice by several processes: looks, messages, keys, incidents, decisions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from discord_payloads import CHANNEL, text_of

from benchmarks.processes_discord import direct_channel
from benchmarks.processes_people import FIRST_MEMBER
from bot.dns.answer import Question
from bot.requests.model import MessageKind, RequestKind, State
from bot.services.domain_looks import FRESH
from bot.watch.watch_news import ADMINS
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.processes_people import People
    from benchmarks.processes_record import Change
    from benchmarks.processes_world import World

_EDITS: Final = frozenset(
    {MessageKind.ADMIN_EDIT, MessageKind.MEMBER_EDIT, MessageKind.MEMBER_SUPERSEDED}
)
_DECIDED: Final = frozenset({State.APPROVED.value, State.DENIED.value})


@dataclass
class Verdict:
    """What is wrong, and how much of everything there was."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # that should not be: by processes, in logs
    counts: Counter[str] = field(default_factory=Counter)

    def expect_one(self, what: str, number: int) -> None:
        """Take note of how often there is something that is to be once."""
        if number > 1:
            self.doubled.append(f"{what}: {number} times")
        elif not number:
            self.lost.append(what)


async def judge(world: World, people: People, ended_at: datetime) -> Verdict:
    """Return the verdict on what was done until `ended_at`, when everything has come to rest."""
    verdict = Verdict()
    await _judge_looks(verdict, world, ended_at)
    await _judge_messages(verdict, world)
    _judge_cases(verdict, world, people)
    await _judge_incidents(verdict, world, people)
    await _judge_decisions(verdict, world, people)
    for sent in world.discord.answered_twice:
        verdict.doubled.append(f"first answer to {sent.payload['data']}: {sent.refused + 1} times")
    return verdict


async def _judge_looks(verdict: Verdict, world: World, ended_at: datetime) -> None:
    """Judge those at domains without requests, which nothing but the watch looks at."""
    herd = {*world.steady, *(fault.domain for fault in world.faults)}
    by_subject: dict[str, list[Change]] = defaultdict(list)
    for change in await world.record.changes("watched"):
        subject = (change.after or change.before or {})["subject"]
        by_subject[subject].append(change)
    for subject in herd:
        _judge_looks_at(verdict, subject, by_subject[subject])
    left = await world.record.rows(
        "SELECT subject, due_at, lease_until FROM watched "
        "WHERE (due_at <= $2 OR lease_until IS NOT NULL) AND subject != $1",
        MAIL_SERVER,
        ended_at,
    )
    verdict.lost += [
        f"look at {row['subject']}, due {row['due_at']}, leased {row['lease_until']}"
        for row in left
    ]
    verdict.lost += [f"the list of {name}" for name in herd if not by_subject[name]]
    asked = world.dns.asked
    verdict.counts["MX questions"] = sum(asked[Question.of(name, "MX")] for name in herd)


def _judge_looks_at(verdict: Verdict, subject: str, changes: list[Change]) -> None:
    holder, counts = "", verdict.counts
    for change in changes:
        before, after = change.before, change.after
        if before is None or after is None:
            continue
        was_held, is_held = before["lease_until"], after["lease_until"]
        if is_held and is_held != was_held:
            holder = change.who
            counts["looks begun"] += 1
            counts["looks begun again"] += was_held is not None
        elif before["looked_at"] != after["looked_at"]:
            counts["looks settled"] += 1
            when = f"at {subject} of {after['looked_at']}"
            # A look that was made just before is that of a domain which is due again, too.
            if _time(before["due_at"]) > _time(after["looked_at"]) + FRESH:
                verdict.doubled.append(f"look {when} that was due only {before['due_at']}")
            if was_held is None or change.who != holder:
                verdict.doubled.append(f"look {when} by {change.who}, which {holder} had taken")
        elif was_held and not is_held:
            counts["looks put off" if before["due_at"] != after["due_at"] else "given back"] += 1


async def _judge_messages(verdict: Verdict, world: World) -> None:
    """Hold what people see in Discord against what the store says was sent."""
    kept: Counter[int] = Counter()
    under_way: set[str] = set()  # by nonce; what was sent may not be noted yet
    for table, edits in (("outbox", _EDITS), ("watch_news", frozenset[str]())):
        query = f"SELECT id, what, ended_at, message_id, nonce, detail FROM {table}"  # noqa: S608 - one of two words
        for row in await world.record.rows(query):
            if row["ended_at"] is None or (row["message_id"] is None and row["what"] not in edits):
                verdict.lost.append(f"message {dict(row)}")
                under_way.add(row["nonce"])
            elif row["what"] not in edits:
                kept[row["message_id"]] += 1
    seen = {
        int(message["id"]): message
        for messages in world.discord.channels.values()
        for message in messages
    }
    nonces = Counter(m["nonce"] for m in seen.values() if m["nonce"] is not None)
    verdict.counts["messages"] = len(seen)
    verdict.counts["tries to send one"] = world.discord.posted
    verdict.doubled += [f"messages with the nonce {n}: {c}" for n, c in nonces.items() if c > 1]
    verdict.doubled += [
        f"message that the store does not know: {text_of(seen[number])[:90]!r}"
        for number in seen.keys() - kept
        if seen[number]["nonce"] not in under_way
    ]
    verdict.lost += [
        f"message {number} that is kept as sent" for number in kept.keys() - seen.keys()
    ]
    verdict.lost += [f"message {number} that was to be {n}" for number, n in kept.items() if n > 1]


def _judge_cases(verdict: Verdict, world: World, people: People) -> None:
    """Judge what a request is to bring once: the admin's card, two messages, a key, a domain."""
    cards = world.discord.channels.get(CHANNEL, [])
    for case in people.cases:
        told = world.discord.channels.get(direct_channel(FIRST_MEMBER + case.place), [])
        name = f"{case.domain} ({case.kind})"
        verdict.expect_one(f"card of {name}", sum(map(case.is_about, cards)))
        verdict.expect_one(f"first word of {name}", sum(map(case.is_first_word, told)))
        verdict.expect_one(f"word that {name} is live", sum(map(case.is_live_word, told)))
        verdict.expect_one(f"domain of {name}", case.domain in world.mailcow.domains)
        if case.kind is RequestKind.DKIM:
            verdict.counts["keys"] += 1
            verdict.expect_one(f"key of {name}", world.mailcow.keys_made[case.domain])


async def _judge_incidents(verdict: Verdict, world: World, people: People) -> None:
    incidents = await world.record.rows('SELECT id, subject, "check", closed_at FROM incident')
    verdict.counts["incidents"] = len(incidents)
    by_check = Counter((row["subject"], row["check"]) for row in incidents)
    by_subject = Counter(subject for subject, _ in by_check)
    verdict.doubled += [f"incident {key}: {n} times" for key, n in by_check.items() if n > 1]
    for fault in world.faults:
        if not by_subject[fault.domain]:
            verdict.lost.append(f"beginning of the fault of {fault.domain} ({fault.kind})")
        if fault.domain not in people.mended:
            verdict.lost.append(f"end of the fault of {fault.domain}")
        told = world.discord.channels.get(direct_channel(fault.watcher), [])
        if len(told) != 2:  # that it began, and that it is over
            (verdict.doubled if len(told) > 2 else verdict.lost).append(
                f"words about {fault.domain}: {len(told)} in place of 2"
            )
    verdict.doubled += [f"incident of {name}" for name in world.steady if by_subject[name]]
    news = await world.record.rows("SELECT target, facts FROM watch_news WHERE what != 'digest'")
    told_of: Counter[tuple[str, int]] = Counter()
    for row in news:
        facts: dict[str, Any] = json.loads(row["facts"])
        if row["target"] == ADMINS:
            told_of.update(
                (how, number) for how in ("opened", "closed") for number in facts.get(how, ())
            )
    for row in incidents:
        verdict.expect_one(f"word that {row['subject']} broke", told_of["opened", row["id"]])
        if row["closed_at"] is not None:
            verdict.expect_one(f"word that {row['subject']} is right", told_of["closed", row["id"]])


async def _judge_decisions(verdict: Verdict, world: World, people: People) -> None:
    rows = await world.record.rows(
        "SELECT request_id, before, after FROM audit ORDER BY request_id, id"
    )
    chains: dict[int, list[tuple[str | None, str]]] = defaultdict(list)
    for row in rows:
        chains[row["request_id"]].append((row["before"], row["after"]))
    verdict.counts["transitions"] = len(rows)
    verdict.counts["requests"] = len(chains)
    if len(chains) > len(people.cases):
        verdict.doubled.append(f"requests: {len(chains)} of {len(people.cases)}")
    for case in people.cases:
        chain = chains.get(people.numbers.get(case.place, 0), [])
        decided = sum(after in _DECIDED for _, after in chain)
        verdict.expect_one(f"decision about {case.domain} ({case.kind})", decided)
        broken = list(find_broken(chain))
        verdict.doubled += [f"transition of {case.domain}: {step}" for step in broken]
        if not chain or chain[-1][1] != State.CLOSED.value:
            verdict.lost.append(f"end of the request for {case.domain} ({case.kind}): {chain}")


def find_broken(
    chain: list[tuple[str | None, str]],
) -> Iterator[tuple[str | None, str]]:
    """Yield the steps that do not begin where the one before ended, or were there before."""
    state, known = None, set[tuple[str | None, str]]()
    for before, after in chain:
        if before != state or (before, after) in known:
            yield before, after
        known.add((before, after))
        state = after


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
