"""What is too long to be judged: texts of ours, by their beginning or by the name they stand at.

Judging runs on the event loop, so what a stranger publishes must not make it take long. No record
of ours needs more than a quarter of what is read here, and other people's texts, such as proofs of
ownership, are nobody's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dns.rdatatype import TXT

from bot.characters import shorten
from bot.checks.finding import EXTRAS, Check, Finding, Fix, FixAction, Status
from bot.checks.lent_record import is_lent
from bot.dns.answer import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

    from bot.checks.finding import Subject
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact

MOST_TEXTS: Final = 16  # of ours at one name: there should be one
MOST_TOGETHER: Final = 2 * LONGEST_TEXT  # octets of all of them
MOST_SHOWN: Final = 10  # of the texts, in steps and beside what was expected
_LONGEST_SHOWN = 100  # characters of such a text beside what was expected
_LONGEST_HEAD = 60  # characters that tell what a text was meant as

# What is found before a version by mistake: blanks, quote marks, characters that nobody sees.
_JUNK = (
    " \t\r\n\"'\\\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
    "\u201c\u201d\u201e\u2018\u2019"
)
_WITHOUT_JUNK = str.maketrans(dict.fromkeys(_JUNK))
_BEGINNINGS: dict[Subject, tuple[str, ...]] = {
    Check.SPF: ("v=spf", "v:spf", "spf1", "spf2"),
    Check.DKIM: ("v=dkim", "dkim1", "k=rsa;", "k=ed25519;", "p=mi", "mii", "mig"),
    Check.DMARC: ("v=dmarc", "v:dmarc", "dmarc", "p=none", "p=quarantine", "p=reject"),
    Check.MTA_STS: ("v=sts",),
    Check.TLS_RPT: ("v=tlsrpt",),
}


@dataclass(frozen=True, slots=True)
class LongText:
    """What is too long at one name: one text, or several (`count`) that are so together."""

    owner: dns.name.Name
    octets: int
    count: int
    texts: tuple[str, ...]  # `MOST_SHOWN` of them at most

    def finding(self, check: Subject, value: str | None, ttl: int | None, **facts: Fact) -> Finding:
        """Return the one finding about them; nothing more is said of the record.

        `value` is the record that has to stand there alone instead, None where it is not known.
        """
        fixes: tuple[Fix, ...] = ()
        if value is not None:
            old, *others = self.texts
            first = Fix(FixAction.REPLACE, self.owner, "TXT", value, ttl=ttl, old=old)
            rest = (Fix(FixAction.DELETE, self.owner, "TXT", other) for other in others)
            fixes = (first, *rest)
        return self.report(check, fixes, **facts)

    def report(self, check: Subject, fixes: tuple[Fix, ...], **facts: Fact) -> Finding:
        """Return the finding with these steps; a record that mail does not need is no failure."""
        told: dict[str, Fact] = {
            "name": self.owner.to_text(omit_final_dot=True).lower(),
            "octets": self.octets,
            "count": self.count,
            "most": LONGEST_TEXT,
            "together": MOST_TOGETHER,
            "texts": MOST_TEXTS,
            "known": bool(fixes),
        }
        severity = Status.WARN if check in EXTRAS else Status.FAIL
        return Finding(check, "txt-too-long", severity, {**told, **facts}, fixes)

    @property
    def found(self) -> tuple[str, ...]:
        """How the first ones begin, and how many more there are."""
        shown = tuple(shorten(text, _LONGEST_SHOWN) for text in self.texts)
        if self.count <= len(shown):
            return shown
        return (*shown, f"… and {self.count - len(shown)} more")


def find_long_text(
    check: Subject, observed: Observation, owners: Iterable[dns.name.Name]
) -> LongText | None:
    """Return the first of these names at which texts of a check are too long to be judged."""
    for owner in owners:
        answer = observed.answer(owner, TXT)
        if answer is None or not answer.found or not is_too_much(answer):
            continue
        long = _measure(check, owner, answer)
        if long is not None and not _is_lent(check, observed, answer):
            return long
    return None


def _is_lent(check: Subject, observed: Observation, answer: Answer) -> bool:
    """Whether a wildcard lends a name other people's texts; the record is only missing then."""
    if not is_lent(observed, answer.question.name):
        return False
    return not any(begins_as(check, t) for t in (*answer.texts(), *answer.long_texts()))


def is_too_much(answer: Answer) -> bool:
    """Whether an answer has texts too long, too many or too large together to be read as ours."""
    texts = answer.texts()
    if len(texts) > MOST_TEXTS or sum(map(len, texts)) > MOST_TOGETHER:
        return True
    return len(texts) < len(answer.rdatas) and bool(answer.long_texts())


def is_name_of_ours(owner: dns.name.Name) -> bool:
    """Whether only records of ours stand at a name: `_dmarc`, `dkim._domainkey`, `_mta-sts`."""
    return any(label[:1] == b"_" for label in owner.labels)


def begins_as(check: Subject, text: bytes) -> bool:
    """Whether a text begins as a record of a check does, damage before and inside it left aside."""
    # Whatever stands before it, however much, is passed over at once.
    head = text.decode("utf-8", "replace").lstrip(_JUNK)[:_LONGEST_HEAD]
    return head.translate(_WITHOUT_JUNK).lower().startswith(_BEGINNINGS[check])


def _measure(check: Subject, owner: dns.name.Name, answer: Answer) -> LongText | None:
    everything = is_name_of_ours(owner)
    long = [t for t in answer.long_texts() if everything or begins_as(check, t)]
    if long:
        return _describe(owner, max(map(len, long)), long)
    texts = [t for t in answer.texts() if everything or begins_as(check, t)]
    octets = sum(map(len, texts))
    if len(texts) <= MOST_TEXTS and octets <= MOST_TOGETHER:
        return None
    return _describe(owner, octets, texts)


def _describe(owner: dns.name.Name, octets: int, texts: list[bytes]) -> LongText:
    first = tuple(text.decode("utf-8", "replace") for text in texts[:MOST_SHOWN])
    return LongText(owner, octets, len(texts), first)
