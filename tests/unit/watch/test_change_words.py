"""What changed between two looks: the part that came or went, and not two whole records."""

from __future__ import annotations

import re

import pytest

from bot.checks.finding import Check, Status
from bot.watch.change_words import say_changes
from bot.watch.record_changes import PartKind, compare_names, compare_records
from bot.watch.snapshot import LONGEST_FOUND, CheckChange, CheckState, SnapshotChanges
from bot.words import Medium, Words

PLAIN, DISCORD = Words(), Words(Medium.DISCORD)
KEY, OTHER_KEY = f"v=DKIM1; k=rsa; p={'A' * 390}", f"v=DKIM1; k=rsa; p={'B' * 390}"


def change(
    check: Check,
    before: tuple[str, ...],
    after: tuple[str, ...],
    *,
    was: Status = Status.PASS,
    now: Status = Status.PASS,
) -> SnapshotChanges:
    """Return that a check's records and its status changed."""
    states = CheckState(was, (), before), CheckState(now, (), after)
    return SnapshotChanges((CheckChange(check, *states),))


@pytest.mark.parametrize(
    ("check", "before", "after", "said"),
    [
        (
            Check.SPF,
            ("v=spf1 include:a.example mx -all",),
            ("v=spf1 include:a.example ip4:192.0.2.1 ~all",),
            "SPF: ip4:192.0.2.1 and ~all are new. mx and -all are gone.",
        ),
        (
            Check.SPF,
            ("v=spf1 a mx -all",),
            ("v=spf1 mx a -all",),
            "SPF says the same in other words.",
        ),
        (Check.SPF, ("v=spf1 a -all",), (), "SPF: v=spf1 a -all is gone."),
        (
            Check.SPF,
            ("v=spf1 a -all",),
            ("v=spf1 a -all", "v=spf1 mx -all"),
            "SPF: v=spf1 mx -all is new.",
        ),
        (
            Check.MX,
            ("10 mx1.cow.example.",),
            ("10 mx1.cow.example.", "5 mx.oldpost.example."),
            "MX: 5 mx.oldpost.example is new.",
        ),
        (
            Check.MX,
            ("10 mx1.cow.example.",),
            ("20 MX1.cow.example.",),
            "MX: 20 MX1.cow.example was 10 mx1.cow.example before.",
        ),
        (
            Check.DMARC,
            ("v=DMARC1; p=none; pct=100",),
            ("v=DMARC1; P=reject; rua=mailto:d@cow.example",),
            "DMARC: rua=mailto:d@cow.example is new. P=reject was p=none before. pct=100 is gone.",
        ),
        (Check.DKIM, (KEY,), (OTHER_KEY,), "DKIM has another key."),
        (Check.DKIM, (KEY,), (KEY.replace("; p", "; t=y; p"),), "DKIM: t=y is new."),
        (
            Check.WEBMAIL,
            ("mx1.cow.example.",),
            ("site.example.",),
            "Webmail: site.example is new. mx1.cow.example is gone.",
        ),
    ],
)
def test_a_small_difference_is_named_by_itself(
    check: Check, before: tuple[str, ...], after: tuple[str, ...], said: str
) -> None:
    assert say_changes(change(check, before, after), PLAIN) == (said,)


def test_how_a_check_stood_is_said_before_what_changed_in_it() -> None:
    broke = change(Check.MX, ("10 mx1.cow.example.",), (), now=Status.FAIL)
    assert say_changes(broke, PLAIN) == (
        "MX went from right to broken. 10 mx1.cow.example is gone.",
    )


def test_a_fault_of_another_kind_is_said_though_the_status_is_the_same() -> None:
    states = (
        CheckState(Status.FAIL, ("mx-missing",)),
        CheckState(Status.FAIL, ("mx-not-ours",), ("5 mx.oldpost.example.",)),
    )
    (said,) = say_changes(SnapshotChanges((CheckChange(Check.MX, *states),)), PLAIN)
    assert said == "MX stayed broken, for another reason. 5 mx.oldpost.example is new."


def test_of_what_was_not_known_before_only_faults_are_said() -> None:
    right = CheckChange(Check.SPF, None, CheckState(Status.PASS, (), ("v=spf1 -all",)))
    broken = CheckChange(Check.MX, None, CheckState(Status.FAIL, ("mx-missing",)))
    changes = SnapshotChanges((broken, right), ((), ("ns1.a.example.",)))
    assert say_changes(changes, PLAIN) == ("MX was broken at the first look.",)


def test_other_name_servers_are_said_once_though_the_delegation_holds_them_too() -> None:
    before, after = ("ns1.a.example.",), ("ns1.b.example.", "ns2.b.example.")
    changes = change(Check.DELEGATION, before, after)
    moved = SnapshotChanges(changes.checks, (before, after))
    (said,) = say_changes(moved, PLAIN)
    assert said == (
        "The name servers are ns1.b.example and ns2.b.example now. Before, they were ns1.a.example."
    )


def test_a_name_server_in_other_case_is_the_same() -> None:
    assert compare_names(("NS1.a.example.",), ("ns1.a.example.",)) is None


def test_what_the_mail_server_has_wrong_is_no_change_of_the_domain() -> None:
    moved = change(Check.SERVER, ("192.0.2.1",), ("192.0.2.2",), now=Status.INFO)
    assert say_changes(moved, PLAIN) == ()


def test_a_record_that_was_kept_cut_ends_with_its_last_whole_part() -> None:
    terms = " ".join(f"ip4:192.0.2.{number}" for number in range(60))
    whole = f"v=spf1 {terms} -all"
    before, after = whole[:LONGEST_FOUND], f"v=spf1 mx {terms} -all"[:LONGEST_FOUND]
    changes = compare_records(Check.SPF, (before,), (after,))
    assert changes is not None
    assert changes.kind is PartKind.TERM
    assert changes.new == ("mx",)
    assert all(part in terms.split() for part in changes.gone)  # none is the half of one


def test_many_parts_are_counted_and_each_is_short() -> None:
    new = " ".join(f"a:{'x' * 90}{number}.example" for number in range(4))
    (said,) = say_changes(change(Check.SPF, ("v=spf1 -all",), (f"v=spf1 {new} -all",)), PLAIN)
    assert said.endswith(", and 1 more are new.")
    assert len(said) < 350


@pytest.mark.parametrize(
    "text", ["@everyone", "**x** `y`", "a\x1b[31mb", "a\u202eb", "{{ 7 + 7 }}", "<@&1>", "\n# x"]
)
def test_text_from_a_zone_is_made_safe_in_both_media(text: str) -> None:
    for check in (Check.SPF, Check.DMARC, Check.MX):
        changes = change(check, ("10 a.example",), (text,))
        for words in (PLAIN, DISCORD):
            (said,) = say_changes(changes, words)
            assert "\x1b" not in said
            assert "\u202e" not in said
            assert "14" not in said
            if words is DISCORD:
                outside = re.sub(r"`[^`]*`", "", said)
                assert not re.search(r"[@*<#`]", outside), said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((KEY,), (KEY, OTHER_KEY), "DKIM has one more key."),
        ((KEY, OTHER_KEY), (OTHER_KEY,), "DKIM has one key less."),
        ((KEY,), (OTHER_KEY,), "DKIM has another key."),
    ],
)
def test_a_key_that_comes_beside_another_one_or_goes_is_told_without_its_characters(
    before: tuple[str, ...], after: tuple[str, ...], said: str
) -> None:
    assert say_changes(change(Check.DKIM, before, after), PLAIN) == (said,)


def test_the_change_from_one_key_to_the_other_is_none_of_the_records() -> None:
    both = tuple(sorted((KEY, OTHER_KEY)))
    assert compare_records(Check.DKIM, both, both) is None
