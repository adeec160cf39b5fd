"""How each check stood at each time, folded out of the changes between looks."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Check, Status
from bot.watch.history_fold import HistoryFold
from bot.watch.snapshot import Snapshot
from bot.watch.timeline import STALE_AFTER, Lane
from bot.watch.watched_domain import HISTORY_KEPT
from domain_pasts import FRIEND, NO_MX, NOW, OUR_MX, Past, ago, first_look, state
from examples import examples


def lane_of(past: Past, check: Check = Check.MX) -> Lane:
    (lane,) = (lane for lane in past.fold().lanes if lane.check is check)
    return lane


def spells(lane: Lane) -> list[tuple[float, float, str]]:
    """Return the periods of a lane in days before now."""
    day = timedelta(days=1)
    return [
        ((NOW - p.began_at) / day, (NOW - p.ended_at) / day, p.status.value) for p in lane.periods
    ]


def test_a_check_that_broke_and_was_put_right_stood_three_ways() -> None:
    past = first_look(ago(90)).look(ago(30), NO_MX)
    past.look(ago(20), {Check.MX: state("pass", OUR_MX)})
    assert spells(lane_of(past)) == [(90, 30, "pass"), (30, 20, "fail"), (20, 0, "pass")]
    assert spells(lane_of(past, Check.SPF)) == [(90, 0, "pass")]


def test_since_when_goes_back_to_the_first_look_that_saw_the_status() -> None:
    past = first_look(ago(90)).look(ago(30), NO_MX)
    past.look(ago(20), {Check.MX: state("fail", "5 mx.oldpost.example.", code="mx-not-ours")})
    since = past.fold().since_when(Check.MX)
    assert since is not None
    assert (since.status, since.began_at, since.before) == (Status.FAIL, ago(30), Status.PASS)


def test_right_with_a_note_and_right_are_one() -> None:
    past = first_look(ago(90)).look(ago(30), {Check.DKIM: state("pass", "v=DKIM1; p=MIIB")})
    since = past.fold().since_when(Check.DKIM)
    assert since is not None
    assert (since.status, since.began_at, since.before) == (Status.PASS, ago(90), None)


def test_what_was_so_at_the_first_look_may_be_so_for_longer() -> None:
    past = Past().look(ago(90), NO_MX)
    since = past.fold().since_when(Check.MX)
    assert since is not None
    assert (since.began_at, since.before) == (ago(90), None)


def test_rows_that_are_gone_leave_how_it_stood_before_the_first_that_is_kept() -> None:
    past = first_look(ago(500)).look(ago(100), NO_MX)
    past.changes = past.changes[1:]
    history = past.fold(added_at=ago(500))
    assert history.began_at == NOW - HISTORY_KEPT
    mx = next(lane for lane in history.lanes if lane.check is Check.MX)
    assert spells(mx) == [(400, 100, "pass"), (100, 0, "fail")]
    spf = next(lane for lane in history.lanes if lane.check is Check.SPF)
    assert spells(spf) == [(400, 0, "pass")]


def test_a_domain_that_never_changed_has_stood_so_since_it_came() -> None:
    past = first_look(ago(30))
    past.changes = []
    assert spells(past.fold(added_at=ago(30)).lanes[0]) == [(30, 0, "pass")]


def test_what_was_first_found_out_later_is_not_known_before() -> None:
    past = first_look(ago(90)).look(ago(30), {Check.CAA: state("warn", code="caa-blocks")})
    assert spells(lane_of(past, Check.CAA)) == [(90, 30, "unknown"), (30, 0, "warn")]


def test_since_the_last_look_that_found_something_out_nobody_knows() -> None:
    past = first_look(ago(90))
    history = past.fold(known_at=ago(10))
    assert [spells(lane) for lane in history.lanes] == [
        [(90, 10, "pass"), (10, 0, "unknown")]
    ] * 3 + [
        [(90, 10, "info"), (10, 0, "unknown")],
        [(90, 10, "pass"), (10, 0, "unknown")],
        [(90, 10, "info"), (10, 0, "unknown")],
    ]
    assert history.status is Status.INFO  # as it was known last
    lately = past.fold(known_at=NOW - STALE_AFTER)
    assert all(len(lane.periods) == 1 for lane in lately.lanes)


def test_while_the_domain_itself_is_gone_nobody_knows_how_its_records_stand() -> None:
    past = first_look(ago(90))
    past.look(ago(30), {Check.DELEGATION: state("fail", code="domain-not-found")})
    past.look(ago(20), {Check.DELEGATION: state("pass", "ns1.a.example.")})
    past.look(ago(10), {Check.DELEGATION: state("fail", code="ns-all-lame")})
    assert spells(lane_of(past, Check.DELEGATION)) == [
        (90, 30, "pass"),
        (30, 20, "fail"),
        (20, 10, "pass"),
        (10, 0, "fail"),
    ]
    assert spells(lane_of(past)) == [
        (90, 30, "pass"),
        (30, 20, "unknown"),
        (20, 10, "pass"),
        (10, 0, "unknown"),
    ]


def test_what_broke_while_the_domain_was_gone_was_so_since_it_came_back() -> None:
    past = first_look(ago(90))
    past.look(ago(30), {Check.DELEGATION: state("fail", code="domain-not-found")})
    past.look(ago(20), {Check.DELEGATION: state("pass", "ns1.a.example."), **NO_MX})
    assert spells(lane_of(past)) == [(90, 30, "pass"), (30, 20, "unknown"), (20, 0, "fail")]
    since = past.fold().since_when(Check.MX)
    assert since is not None
    assert (since.status, since.began_at, since.before) == (Status.FAIL, ago(20), None)


def test_where_nothing_was_ever_known_there_is_no_history() -> None:
    fold = HistoryFold(20)
    assert fold.finish(FRIEND, Snapshot(), added_at=NOW, known_at=NOW, now=NOW) is None


def test_only_changes_of_what_was_known_are_told_and_the_latest_come_first() -> None:
    past = first_look(ago(90)).look(ago(30), NO_MX).look(ago(20), {}, ("ns1.b.example.",))
    history = past.fold()
    assert [dated.at for dated in history.changes] == [ago(20), ago(30)]
    assert history.quiet_since == ago(20)


def test_what_is_needed_has_a_lane_and_all_else_where_it_is_wrong_or_changed() -> None:
    past = first_look(ago(90))
    needed = [Check.DELEGATION, Check.MX, Check.SPF, Check.DKIM, Check.DMARC]
    assert [lane.check for lane in past.fold().shown_lanes] == needed
    assert past.fold().calm_checks == (Check.WEBMAIL,)
    past.look(ago(30), {Check.WEBMAIL: state("pass", "mx1.cow.example.")})
    assert [lane.check for lane in past.fold().shown_lanes] == [*needed, Check.WEBMAIL]


def test_the_mail_servers_own_part_is_in_no_history() -> None:
    past = first_look(ago(90)).look(ago(30), {Check.SERVER: state("info", code="server-side")})
    past.look(ago(20), {Check.SERVER: state("pass")})
    assert Check.SERVER not in {lane.check for lane in past.fold().lanes}
    assert past.fold().changes == ()


def test_of_many_periods_in_one_place_the_worst_is_shown_and_none_is_too_thin() -> None:
    past = first_look(ago(400)).look(ago(200), NO_MX)
    past.look(ago(200) + timedelta(minutes=5), {Check.MX: state("pass", OUR_MX)})
    history = past.fold()
    columns = lane_of(past).columns(100, (history.began_at, history.ended_at), least=3)
    assert columns == [Status.PASS] * 50 + [Status.FAIL] * 3 + [Status.PASS] * 47


@examples(0.5)
@given(
    st.lists(
        st.tuples(st.floats(0, 450), st.sampled_from(list(Check)), st.sampled_from([*Status])),
        max_size=40,
    ),
    st.floats(0, 30),
    st.booleans(),
)
def test_whatever_was_seen_lanes_have_no_gaps(
    looks: list[tuple[float, Check, Status]], silent: float, is_cut: bool
) -> None:
    past = first_look(ago(450))
    for days, check, status in sorted(looks, key=lambda look: -look[0]):
        past.look(ago(days), {check: state(status.value, str(days), code="domain-not-found")})
    history = past.fold(known_at=ago(silent), is_cut=is_cut)
    for lane in history.lanes:
        assert lane.periods[0].began_at == history.began_at
        assert lane.periods[-1].ended_at == history.ended_at
        for earlier, later in zip(lane.periods, lane.periods[1:], strict=False):
            assert earlier.began_at < earlier.ended_at == later.began_at
        assert len(lane.columns(60, (history.began_at, history.ended_at), 3)) == 60
