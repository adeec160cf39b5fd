"""What people read of the case files' zones: short sentences, few of them, half of what it was."""

from __future__ import annotations

from benchmarks.card_words import count_zone, said_of
from benchmarks.case_world import CaseWorld
from reading_ease import count, sentences

WORLD = CaseWorld()
# Words about all zones together before they were halved: of the sentences, of the first card.
WERE = {"sentences": 42_668, "card": 48_677}
MOST_WORDS, MOST_SENTENCES = 25, 2


async def test_what_is_said_of_the_zones_is_short_and_half_of_what_it_was() -> None:
    long = set()
    total = dict.fromkeys(WERE, 0)
    for case in WORLD.zones():
        report = await WORLD.check(case)
        for message in said_of(report, WORLD.server):
            said = sentences(message)
            if len(said) > MOST_SENTENCES or any(count(each) > MOST_WORDS for each in said):
                long.add(message)
        counted = count_zone(WORLD, case.domain, report)
        total = {what: number + counted[what] for what, number in total.items()}
    assert not long
    assert {what: n for what, n in total.items() if n > WERE[what] / 2} == {}
