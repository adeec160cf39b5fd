"""What an MX target is: by its own text first, and then by its addresses."""

from __future__ import annotations

import dns.name
import pytest

from bot.checks.mx.targets import (
    MOST_RESOLVED,
    AliasEnd,
    Target,
    TargetKind,
    read_targets,
    targets_to_resolve,
)
from bot.dns.answer import Answer, Outcome
from observed_domain import EXPECTED, HOST, OURS, answered, seen, unfound

FOREIGN = "203.0.113.9"


def read(text: str, *answers: Answer) -> Target:
    (target,) = read_targets(EXPECTED, seen(*answers), answered("friend.example", "MX", text))
    return target


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5 MX1.COW.example.", TargetKind.OURS),
        ("0 .", TargetKind.NULL),
        ("10 198.51.100.25.", TargetKind.IP),
        ("10 198.51.100.25.friend.example.", TargetKind.IP),
        ("10 10\\032mx1.cow.example.", TargetKind.PRIORITY),
        ("10 10mx1.cow.example.", TargetKind.PRIORITY),
        ("10 10mx1.cow.example.friend.example.", TargetKind.PRIORITY),  # the domain after it
        ("10 mx1.cow.example.friend.example.", TargetKind.APPENDED),
        ("10 mx_1.cow!.example.", TargetKind.INVALID),
    ],
)
def test_what_the_text_alone_says_needs_no_answer(text: str, kind: TargetKind) -> None:
    assert read(text).kind is kind
    assert targets_to_resolve(EXPECTED, answered("friend.example", "MX", text)) == ()


def test_a_target_that_nobody_asked_for_is_unchecked() -> None:
    assert read("10 mx.old.example.").kind is TargetKind.UNCHECKED


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ((Outcome.NXDOMAIN, Outcome.TIMEOUT), TargetKind.NXDOMAIN),
        ((Outcome.NODATA, Outcome.NODATA), TargetKind.NO_ADDRESS),
        ((Outcome.NODATA, Outcome.TIMEOUT), TargetKind.FAILED),
        # Some servers deny the name of a host that has no IPv6 address (RFC 4074 section 4.2).
        ((Outcome.TIMEOUT, Outcome.NXDOMAIN), TargetKind.FAILED),
        ((Outcome.NODATA, Outcome.NXDOMAIN), TargetKind.NO_ADDRESS),
        ((Outcome.NXDOMAIN, Outcome.NODATA), TargetKind.NO_ADDRESS),
        ((Outcome.NXDOMAIN, Outcome.NXDOMAIN), TargetKind.NXDOMAIN),
    ],
)
def test_a_denial_proves_what_a_failure_does_not(
    outcomes: tuple[Outcome, Outcome], kind: TargetKind
) -> None:
    answers = [
        unfound("mx.old.example", t, o) for t, o in zip(("A", "AAAA"), outcomes, strict=True)
    ]
    target = read("10 mx.old.example.", *answers)
    assert target.kind is kind
    assert (target.failure is not None) is (kind is TargetKind.FAILED)
    assert target.dead is (kind is not TargetKind.FAILED)


@pytest.mark.parametrize(
    ("address", "kind", "arrives"),
    [(OURS, TargetKind.OTHER_NAME, True), (FOREIGN, TargetKind.FOREIGN, False)],
)
def test_the_address_tells_our_server_by_another_name_from_another_server(
    address: str, kind: TargetKind, *, arrives: bool
) -> None:
    name = "mail.friend.example"
    target = read(f"10 {name}.", answered(name, "A", address), answered(name, "AAAA"))
    assert (target.kind, target.arrives, target.dead) == (kind, arrives, False)


@pytest.mark.parametrize(
    ("end", "address", "leads"),
    [(HOST, OURS, AliasEnd.OURS), ("mx.old.example.", FOREIGN, AliasEnd.ELSEWHERE)],
)
def test_an_alias_is_told_with_where_it_leads(end: str, address: str, leads: AliasEnd) -> None:
    name, chain = "mail.friend.example", (dns.name.from_text(end),)
    target = read(
        f"10 {name}.",
        answered(name, "A", address, chain=chain),
        answered(name, "AAAA", chain=chain),
    )
    assert (target.kind, target.leads, target.end) == (TargetKind.ALIAS, leads, chain[0])


def test_targets_come_lowest_priority_first_and_few_are_resolved() -> None:
    answer = answered("friend.example", "MX", *(f"{90 - n} m{n}.old.example." for n in range(12)))
    read_in_order = read_targets(EXPECTED, seen(), answer)
    assert [target.priority for target in read_in_order] == sorted(90 - n for n in range(12))
    names = targets_to_resolve(EXPECTED, answer)
    assert len(names) == MOST_RESOLVED
    assert names[0] == dns.name.from_text("m11.old.example.")
