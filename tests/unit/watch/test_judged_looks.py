from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Check, Status
from bot.watch.watch_state import dump_state, load_state
from examples import examples
from watch_story import BEGIN, DAY, FAIL, HOUR, UNKNOWN, WARN, WatchStory, make_watched, see

CHECKS = (Check.DELEGATION, Check.MX, Check.DMARC)
MINUTE = timedelta(minutes=1)
STATUSES = st.dictionaries(st.sampled_from(CHECKS), st.sampled_from(Status), max_size=3)
LOOKS = st.lists(st.tuples(st.integers(1, 40 * 60), STATUSES), min_size=1, max_size=60)


@given(LOOKS, st.booleans())
@examples(4)
def test_whatever_is_seen_each_incident_is_told_once_and_its_end_once(
    looks: list[tuple[int, dict[Check, Status]]], is_new: bool
) -> None:
    story, at = WatchStory(make_watched(is_new=is_new)), BEGIN
    for minutes, statuses in looks:
        at += minutes * MINUTE
        before = list(story.told)
        story.take(see(at, statuses))
        for what, number, _ in story.told[len(before) :]:
            # What a look did not find out is never the reason for anything.
            found = statuses.get(Check(story.incidents[number].check))
            assert found is not UNKNOWN
            assert (found in {WARN, FAIL}) or what == "closed"
        checks = [incident.check for incident in story.open]
        assert len(set(checks)) == len(checks)
        assert story.watched.due_at is not None
        assert at < story.watched.due_at <= at + DAY
        state = load_state(story.watched.state)
        assert load_state(dump_state(state)) == state
    opened = [number for what, number, _ in story.told if what == "opened"]
    closed = [number for what, number, _ in story.told if what == "closed"]
    assert sorted(opened) == sorted(story.incidents)
    assert sorted(closed) == sorted(story.incidents.keys() - {each.id for each in story.open})
    assert len(set(closed)) == len(closed)


@given(LOOKS)
@examples(2)
def test_whatever_was_seen_a_mended_domain_ends_with_no_incident(
    looks: list[tuple[int, dict[Check, Status]]],
) -> None:
    story, at = WatchStory(), BEGIN
    for minutes, statuses in looks:
        at += minutes * MINUTE
        story.take(see(at, statuses))
    calm_looks = 0
    for _ in range(300):
        assert story.watched.due_at is not None
        at = story.watched.due_at
        story.take(see(at))
        calm_looks = 0 if story.open else calm_looks + 1
        if calm_looks == 5:
            break
    assert story.open == ()
    told_open = story.said.count("opened mx")
    assert story.said.count("closed mx") == told_open


@given(st.lists(st.integers(1, 40 * 60), min_size=1, max_size=40), st.data())
@examples(1)
def test_looks_that_find_out_less_tell_nothing_else(
    minutes: list[int], data: st.DataObject
) -> None:
    """A right domain stays right, whatever single looks could not find out."""
    story, at = WatchStory(), BEGIN
    story.take(see(at))
    for wait in minutes:
        at += wait * MINUTE
        lost = data.draw(st.sets(st.sampled_from(Check)))
        decision = story.take(see(at, dict.fromkeys(lost, UNKNOWN)))
        assert decision is not None
        assert not decision.changes
        assert story.watched.green
    assert story.said == []
    assert story.watched.due_at is not None
    assert story.watched.due_at - at > HOUR * 0
