"""The macros in SPF terms, read without asking anybody."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spftrace.macros import MacroContext, expand, truncate_domain

from bot.dns.spf_macros import expand_fixed, letters_of


@pytest.mark.parametrize(
    ("spec", "letters"),
    [
        ("_spf.cow.example", ""),
        ("%{i}._spf.%{d2}", "id"),
        ("%{L1r-}.%{H}", "lh"),
        ("%%{s}.example", ""),
        ("%{ir.-}.%_%-.x", "i"),
        ("%{i0004}._spf.example", "i"),
        ("%{", ""),
    ],
)
def test_letters_are_found_whatever_stands_with_them(spec: str, letters: str) -> None:
    assert letters_of(spec) == frozenset(letters)


@pytest.mark.parametrize("spec", ["%{i}.x.example", "%{d}.%{l}.example", "%{h}", "%{p}.%{o}"])
def test_what_is_another_name_for_each_sender_has_no_fixed_one(spec: str) -> None:
    assert expand_fixed(spec, "a.example", "b.example") is None


parts = st.sampled_from(
    ["%{d}", "%{D}", "%{o}", "%{d1}", "%{d2r}", "%{o1r-}", "%{dr.-}", "%%", "a", ".", "-x", "b.c"]
)


@given(st.lists(parts, min_size=1, max_size=12))
def test_fixed_macros_come_to_what_the_evaluator_makes_of_them(words: list[str]) -> None:
    spec = "".join(words)
    context = MacroContext(
        ip=ipaddress.IPv4Address("192.0.2.1"),
        sender="me@friend-x.example",
        helo="mx.example",
        domain="_spf.cow-y.example",
    )
    wanted = truncate_domain(asyncio.run(expand(spec, context)))
    assert expand_fixed(spec, "_spf.cow-y.example", "friend-x.example") == wanted


def test_a_name_too_long_loses_labels_in_front() -> None:
    came = expand_fixed(f"{'x' * 60}.%{{d}}", ".".join(["y" * 60] * 4), "b.example")
    assert came == ".".join(["y" * 60] * 4)
