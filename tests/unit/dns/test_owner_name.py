"""Owner names as octets, and back."""

from __future__ import annotations

import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.answer import Question
from bot.dns.owner_name import is_within, name_of, owner_of

labels = st.lists(st.binary(min_size=1, max_size=63), max_size=3)
names = labels.map(lambda found: dns.name.Name([*found, b""]))


@given(names)
def test_owner_is_the_canonical_wire_form_of_the_name(name: dns.name.Name) -> None:
    assert owner_of(name) == name.to_wire(canonicalize=True)
    assert owner_of(owner_of(name)) == owner_of(name)
    assert name_of(owner_of(name)).labels == name.canonicalize().labels


@given(names)
def test_name_is_spelled_as_its_octets_are(name: dns.name.Name) -> None:
    wire = name.to_wire() or b""
    again = name_of(wire)
    assert again.labels == name.labels
    assert (again, hash(again), str(again)) == (name, hash(name), str(name))
    assert name_of(wire) is again


@given(names, names)
def test_owner_is_within_a_zone_where_its_name_is(name: dns.name.Name, zone: dns.name.Name) -> None:
    for above in (zone, dns.name.Name(name.labels[1:] or (b"",)), dns.name.root, name):
        assert is_within(owner_of(name), owner_of(above)) is name.is_subdomain(above)


def test_label_that_ends_like_the_zone_is_not_within_it() -> None:
    assert not is_within(owner_of("notcow.example"), owner_of("cow.example"))
    assert not is_within(b"\x05x\x03cow\0", b"\x03cow\0")
    assert is_within(owner_of("a.cow.example"), owner_of("cow.example"))


def test_relative_names_are_no_owners() -> None:
    with pytest.raises(dns.name.NeedAbsoluteNameOrOrigin):
        owner_of(dns.name.from_text("cow", None))


def test_question_is_the_same_however_name_and_type_are_given() -> None:
    ours = {
        Question.of(name, rdtype)
        for name in ("Cow.example", "cow.EXAMPLE.", dns.name.from_text("cow.example"))
        for rdtype in ("TXT", "txt", "TYPE16", dns.rdatatype.TXT)
    }
    assert ours == {Question(b"\x03cow\x07example\0", dns.rdatatype.TXT)}
    (question,) = ours
    assert isinstance(question.rdtype, dns.rdatatype.RdataType)
    assert str(question.name) == "cow.example."


def test_types_that_nobody_knows_are_asked_for_by_number() -> None:
    assert Question.of("cow.example", "TYPE65280").rdtype == 65280
    with pytest.raises(dns.rdatatype.UnknownRdatatype):
        Question.of("cow.example", "MOO")
