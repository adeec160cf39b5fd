from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records.tag_list import FaultKind, TagFault, parse_tags


def test_tags_come_in_their_order_without_the_white_space_around_them() -> None:
    tags = parse_tags("v=DKIM1 ;\tk = rsa;\r\n p=AB\r\n CD ;")
    assert tags.pairs == (("v", "DKIM1"), ("k", "rsa"), ("p", "AB\r\n CD"))
    assert not tags.faults


@pytest.mark.parametrize("text", ["v=DKIM1", "v=DKIM1;", "v=DKIM1; ", "v=DKIM1;p=;"])
def test_one_semicolon_may_end_the_list(text: str) -> None:
    assert parse_tags(text).faults == ()


def test_only_the_first_equals_sign_parts_name_and_value() -> None:
    assert parse_tags("p=AA==").get("p") == "AA=="


def test_an_empty_value_is_a_value() -> None:
    tags = parse_tags("v=DKIM1; p=")
    assert tags.get("p") == ""
    assert not tags.faults


def test_names_keep_their_case_unless_asked_otherwise() -> None:
    tags = parse_tags("V=DMARC1; P=none")
    assert tags.get("p") is None
    assert tags.get("p", any_case=True) == "none"


def test_the_first_of_two_tags_counts_and_the_second_is_a_fault() -> None:
    tags = parse_tags("p=none; p=reject")
    assert tags.get("p") == "none"
    assert tags.faults == (TagFault(FaultKind.DUPLICATE, "p"),)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("v=DKIM1; junk", TagFault(FaultKind.NO_EQUALS, "junk")),
        ('v=DKIM1; p=AA; "', TagFault(FaultKind.NO_EQUALS, '"')),
        ("v=DKIM1;; p=AA", TagFault(FaultKind.EMPTY_PART, "")),
        ("v=DKIM1; =AA", TagFault(FaultKind.EMPTY_NAME, "=AA")),
        ("v=DKIM1; 1p=AA", TagFault(FaultKind.BAD_NAME, "1p")),
        ("v=DKIM1\\; p=AA", None),  # a backslash is an ordinary character of a value
        ("v=DKIM1; p=Ä", TagFault(FaultKind.BAD_VALUE, "p=Ä")),
        ("", TagFault(FaultKind.EMPTY_PART, "")),
    ],
)
def test_faults_are_reported_with_their_place(text: str, fault: TagFault | None) -> None:
    assert parse_tags(text).faults == ((fault,) if fault else ())


@given(st.text() | st.binary() | st.text(alphabet="vp=; \t\r\n1_\\\"'"))
def test_no_text_makes_the_parser_raise(text: str | bytes) -> None:
    tags = parse_tags(text)
    assert all(tags.get(name) is not None for name, _ in tags.pairs)
