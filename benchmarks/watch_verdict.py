"""What a simulated year of the watch must have told, and what it did tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from benchmarks.year_script import BEGIN
from bot.watch.watch_news import ADMINS, NewsKind
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.breakages import Breakage
    from benchmarks.told_messages import ToldIncident, ToldMessage
    from benchmarks.year_script import YearScript

MOST_MESSAGES: Final = 5  # about incidents, to one target on one day
TOLD_WITHIN: Final = timedelta(days=3)  # after it can be seen: a daily look, a second one, losses
ENDED_WITHIN: Final = timedelta(days=3)  # a day of calm, and looks that may be a day apart
ENDED_AFTER_FLAPPING: Final = timedelta(days=11)  # the longest calm is eight days
_DIGEST_WITHIN: Final = timedelta(hours=4)
_INCIDENTS: Final = (NewsKind.INCIDENTS.value, NewsKind.SUMMARY.value)


@dataclass(frozen=True, slots=True)
class Mention:
    """An incident in one message, and when it was first there."""

    incident: ToldIncident
    message: int
    at: datetime


@dataclass
class Verdict:
    """What is wrong with what was told, a sentence each, and how long telling took."""

    problems: list[str] = field(default_factory=list)
    opening: list[timedelta] = field(default_factory=list)  # from the breakage to the message
    ending: list[timedelta] = field(default_factory=list)  # from the mending to the message


class WatchVerdict:
    """Compares messages with a script; `checks` says which are bad while a domain is broken."""

    def __init__(
        self,
        script: YearScript,
        messages: Iterable[ToldMessage],
        checks: Mapping[str, frozenset[str]],
    ) -> None:
        self._script = script
        self._messages = tuple(messages)
        self._sent = tuple({m.number: m for m in reversed(self._messages)}.values())
        self._checks = checks
        self._breakages = {breakage.domain: breakage for breakage in script.breakages}
        self._verdict = Verdict()

    def judge(self) -> Verdict:
        """Return all that is wrong."""
        targets = {ADMINS: set(self._breakages)}
        for name, member in self._script.watchers.items():
            targets[member] = {name} & set(self._breakages)
        for target, domains in targets.items():
            self._judge_target(target, domains)
        strangers = {m.target for m in self._sent if m.what in _INCIDENTS} - set(targets)
        self._say(f"{target} is told of incidents and watches nothing" for target in strangers)
        self._judge_server()
        self._judge_budget()
        self._judge_waits()
        self._judge_digests()
        return self._verdict

    def _say(self, problems: Iterable[str]) -> None:
        self._verdict.problems.extend(problems)

    def _mentions(self, target: int, part: str) -> dict[int, list[Mention]]:
        """Return where each incident was told as opened or closed, once for each message."""
        found: dict[tuple[int, int], Mention] = {}
        for message in self._messages:
            if message.target == target and message.what in _INCIDENTS:
                incidents: tuple[ToldIncident, ...] = getattr(message, part)
                for one in incidents:
                    place = (one.id, message.number)
                    found.setdefault(place, Mention(one, message.number, message.at))
        mentions: dict[int, list[Mention]] = defaultdict(list)
        for (number, _), mention in found.items():
            mentions[number].append(mention)
        return mentions

    def _judge_target(self, target: int, domains: set[str]) -> None:
        opened, closed = self._mentions(target, "opened"), self._mentions(target, "closed")
        for part, mentions in (("opened", opened), ("closed", closed)):
            for number, found in mentions.items():
                if len(found) > 1:
                    where = sorted(mention.message for mention in found)
                    self._say([f"to {target}: incident {number} is {part} in messages {where}"])
        by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, (mention, *_) in opened.items():
            incident = mention.incident
            by_place[incident.subject, incident.check].append(number)
            if incident.subject != MAIL_SERVER or target != ADMINS:
                self._say(self._find_false(target, incident, domains))
        self._say(
            f"to {target}: the end of incident {number}, which was not told before"
            for number in closed.keys() - opened.keys()
        )
        for name in sorted(domains):
            for check in sorted(self._checks[name]):
                numbers = by_place.get((name, check), [])
                what = f"to {target}: {name}, {self._breakages[name].kind}, {check}"
                if len(numbers) != 1:
                    self._say([f"{what}: told as {len(numbers)} incidents"])
                    continue
                begin, end = opened[numbers[0]][0], closed.get(numbers[0])
                self._judge_fault(what, self._breakages[name], begin, end[0] if end else None)

    def _find_false(self, target: int, incident: ToldIncident, domains: set[str]) -> Iterator[str]:
        what = f"to {target}: {incident.subject}, {incident.check} ({incident.code})"
        breakage = self._breakages.get(incident.subject)
        if breakage is None or incident.subject not in domains:
            yield f"false alarm {what} at {incident.began_at}"
        elif incident.check not in self._checks[incident.subject]:
            yield f"false alarm {what}: {breakage.kind} is no fault of that check"
        else:
            began = datetime.fromisoformat(incident.began_at)
            kept = self._script.zones[breakage.domain].longest_kept
            if not breakage.begins <= began <= breakage.ends + kept:
                yield f"false alarm {what}: began at {began}, not when it was broken"

    def _judge_fault(
        self, what: str, breakage: Breakage, begin: Mention, end: Mention | None
    ) -> None:
        kept = self._script.zones[breakage.domain].longest_kept
        told = begin.at - max(breakage.begins, BEGIN)
        self._verdict.opening.append(told)
        if told > TOLD_WITHIN + 2 * kept:
            self._say([f"{what}: told after {told}"])
        if end is None:
            self._say([f"{what}: its end was not told"])
            return
        ended = end.at - breakage.ends
        self._verdict.ending.append(ended)
        longest = ENDED_AFTER_FLAPPING if breakage.is_flapping else ENDED_WITHIN
        longest += self._unsure_within(breakage.ends, longest)
        if not timedelta(0) < ended <= longest + 2 * kept:
            self._say([f"{what}: its end was told {ended} after it was mended"])

    def _unsure_within(self, begins: datetime, lasts: timedelta) -> timedelta:
        """Return for how long the mail server's own faults hide whether a domain is right."""
        return sum(
            (
                until - since + timedelta(days=1)
                for since, until, _ in self._script.server_faults
                if since < begins + lasts and until > begins
            ),
            timedelta(0),
        )

    def _judge_server(self) -> None:
        opened = [m for found in self._mentions(ADMINS, "opened").values() for m in found]
        closed = self._mentions(ADMINS, "closed")
        met = [m for m in opened if m.incident.subject == MAIL_SERVER]
        faults = self._script.server_faults
        for mention in met:
            began = datetime.fromisoformat(mention.incident.began_at)
            if not any(begins <= began <= ends for begins, ends, _ in faults):
                self._say([f"false alarm of the mail server: {mention.incident}"])
            if mention.incident.id not in closed:
                self._say([f"the end was not told of {mention.incident}"])
        for begins, ends, what in faults:
            within = [m for m in met if begins <= m.at <= begins + timedelta(days=1.5)]
            later = [m for m in met if begins + timedelta(days=1.5) < m.at <= ends]
            if len({m.message for m in within}) != 1 or later:
                said = [m.incident.code for m in (*within, *later)]
                self._say([f"the mail server's fault {what!r} is told as {said}"])

    def _judge_budget(self) -> None:
        for kind, most in ((NewsKind.INCIDENTS, MOST_MESSAGES), (NewsKind.SUMMARY, 1)):
            sent = Counter((m.target, m.at.date()) for m in self._sent if m.what == kind.value)
            self._say(
                f"to {target}: {count} messages on {day} ({kind})"
                for (target, day), count in sent.items()
                if count > most
            )

    def _judge_waits(self) -> None:
        told = [m for m in self._sent if m.what == NewsKind.AWAITED.value]
        for wait in self._script.waits:
            breakage = self._breakages[wait.domain]
            own = [m for m in told if m.target == wait.member]
            if [m.said for m in own] != [f"{wait.domain} right"]:
                self._say([f"{wait.member} waits for {wait.domain}: {[m.said for m in own]}"])
            kept = self._script.zones[wait.domain].longest_kept
            longest = timedelta(days=1) + 2 * kept
            longest += self._unsure_within(breakage.ends, longest)
            self._say(
                f"{wait.member} is told of {wait.domain} at {m.at}, mended at {breakage.ends}"
                for m in own
                if not timedelta(0) < m.at - breakage.ends < longest
            )
        strangers = {m.target for m in told} - {wait.member for wait in self._script.waits}
        self._say(f"{member} waits for nothing and is told" for member in strangers)

    def _judge_digests(self) -> None:
        digests = [m for m in self._sent if m.what == NewsKind.DIGEST.value]
        monday = BEGIN.replace(hour=8) + timedelta(days=7 - BEGIN.weekday())
        known = {ADMINS: set(self._script.zones)}
        known |= {member: {name} for name, member in self._script.watchers.items()}
        while monday + _DIGEST_WITHIN < self._script.ends:
            week = [m for m in digests if monday <= m.at < monday + timedelta(days=7)]
            broken = {name for name in self._breakages if self._is_broken(name, monday)}
            for target, domains in known.items():
                own = [m for m in week if m.target == target]
                wanted = target == ADMINS or domains & broken
                if len(own) > 1 or (wanted and not own):
                    self._say([f"{len(own)} digests to {target} at {monday}"])
                for message in own:
                    self._say(self._find_wrong_lines(message, domains & broken))
                    if message.at - monday > _DIGEST_WITHIN:
                        self._say([f"the digest of {monday} to {target} came at {message.at}"])
            monday += timedelta(days=7)

    def _find_wrong_lines(self, digest: ToldMessage, broken: set[str]) -> Iterator[str]:
        script = self._script
        touched = {*self._breakages, *script.arrivals, *script.departures}
        touched |= {slip.zone for slip in script.slips}
        what = f"the digest to {digest.target} at {digest.at}"
        if missing := broken - set(digest.lines):
            yield f"{what} lacks {sorted(missing)}"
        if wrong := set(digest.lines) - touched - {MAIL_SERVER}:
            yield f"{what} names {len(wrong)} domains that are right: {sorted(wrong)[:3]}"

    def _is_broken(self, name: str, at: datetime) -> bool:
        """Whether a domain has been broken for long enough that every look must have seen it."""
        long_ago = at - timedelta(days=2) - self._script.zones[name].longest_kept
        return any(
            begins <= long_ago and at < ends for begins, ends in self._breakages[name].phases
        )
