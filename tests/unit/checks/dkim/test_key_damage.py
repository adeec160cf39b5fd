"""Keys that were cut, shifted, swapped or added to: what is said of them is so, at its place."""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.checks.dkim.key_damage import KeyDamage, compare_keys
from bot.checks.finding import Status
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from dkim_zones import KEY, NAME, bare, look, only, say, txt
from examples import examples
from strategies import ED25519, RSA_1024, RSA_4096

if TYPE_CHECKING:
    from bot.checks.finding import Verdict

KEYS = (RSA_1024, KEY, RSA_4096, ED25519)
WRAPPED = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519))


class Harm(NamedTuple):
    """A key, what became of it, and as what that is named."""

    right: str
    made: str
    kinds: frozenset[str]


@st.composite
def harms(draw: st.DrawFn) -> Harm:
    """Return a key with one damage of the usual kinds."""
    key = draw(st.sampled_from(KEYS))
    start, end = sorted((draw(st.integers(0, len(key))), draw(st.integers(0, len(key)))))
    piece = draw(st.text("ABCabc012+/", min_size=1, max_size=30))
    match draw(st.sampled_from(("end", "front", "ends", "middle", "add", "swap", "twice", "case"))):
        case "end":
            made, kinds = key[:end], {"end"}
        case "front":
            made, kinds = key[start:], {"front"}
        case "ends":
            made, kinds = key[start:end], {"ends", "front", "end"}
        case "middle":
            made, kinds = key[:start] + key[end:], {"middle", "front", "end"}
        case "add":
            made, kinds = key[:start] + piece + key[start:], {"added", "added-front", "added-end"}
        case "swap":
            middle = (start + end) // 2
            made = key[:start] + key[middle:end] + key[start:middle] + key[end:]
            assume(min(middle - start, end - middle) > 20)
            kinds = {"swapped"}
        case "twice":
            made, kinds = key + key, {"twice"}
        case _:
            made, kinds = key.swapcase(), {"case"}
    assume(len(made) > 8 and made != key)
    return Harm(key, made, frozenset(kinds))


def is_true(damage: KeyDamage, key: str, want: str) -> bool:
    """Whether what is said of a key is so."""
    at, count = damage.at - 1, damage.count
    match damage.what:
        case "end":
            return key == want[:at] and count == len(want) - len(key)
        case "front":
            return key == want[count:]
        case "ends":
            return key in want and count == len(want) - len(key)
        case "middle":
            return key == want[:at] + want[at + count :]
        case "added" | "added-front" | "added-end":
            return want == key[:at] + key[at + count :]
        case "twice":
            return key == want + want
        case "case":
            return key.lower() == want.lower()
        case "changed":
            return (key[:at], key[at + count :]) == (want[:at], want[at + count :])
        case "swapped":
            piece, right = key[at : at + count], want[at : at + count]
            same = (key[:at], key[at + count :]) == (want[:at], want[at + count :])
            return same and piece in right + right
    return key[:at] == want[:at] and key[at] != want[at]


@given(harms())
@examples(5)
def test_what_became_of_a_key_is_named_as_what_it_is(harm: Harm) -> None:
    damage = compare_keys(harm.made, harm.right)
    assert is_true(damage, harm.made, harm.right), damage
    assert damage.what in harm.kinds, damage
    assert 1 <= damage.at <= len(harm.made) + (damage.what == "end")


@given(st.sampled_from(KEYS), st.text("ABab01+/=", min_size=1, max_size=900))
def test_nothing_false_is_said_of_any_text(want: str, key: str) -> None:
    assume(key != want)
    assert is_true(compare_keys(key, want), key, want)


@given(harms(), harms())
@examples(2)
def test_nothing_false_is_said_of_two_keys(one: Harm, other: Harm) -> None:
    assume(one.made != other.right)
    assert is_true(compare_keys(one.made, other.right), one.made, other.right)


def record_of(key: str, right: str) -> str:
    return f"v=DKIM1; k={'ed25519' if right == ED25519 else 'rsa'}; p={key}"


def assert_places_are_there(verdict: Verdict, key: str, want: int) -> None:
    """Every place and length that is said is one of the key."""
    said = say(verdict)
    for place in re.findall(r"character ([0-9]+)", said):
        assert 1 <= int(place) <= len(key), said
    for have, whole in re.findall(r"([0-9]+) of its ([0-9]+) characters", said):
        assert (int(have), int(whole)) == (len(key), want), said
    for have, whole in re.findall(r"has ([0-9]+) characters, but .* have ([0-9]+)", said):
        assert (int(have), int(whole)) == (len(key), want), said


@settings(deadline=None)
@given(harms(), st.booleans())
def test_the_sentence_has_places_and_lengths_that_are_so(harm: Harm, known: bool) -> None:
    right = record_of(harm.right, harm.right)
    knowledge = KnownKey("dkim", DkimRecord.parse(right), "--dkim") if known else KeyUnknown()
    verdict = look(txt(NAME, record_of(harm.made, harm.right)), knowledge)
    if not known and verdict.status is not Status.FAIL:
        # Seven of eight keys in which pieces are swapped can be seen to be none.
        assert harm.kinds & {"swapped", "case"}
        return
    finding = only(verdict)
    assert finding.severity is Status.FAIL
    assert_places_are_there(verdict, harm.made, len(harm.right))
    if known:
        slip = finding.facts.get("slip") or finding.facts.get("lost")
        assert {"lost": "middle"}.get(str(slip), slip) in harm.kinds


@pytest.mark.parametrize("key", [RSA_1024, KEY, RSA_4096, bare(KEY)])
def test_the_own_beginning_of_a_key_that_nobody_knows_tells_its_length(key: str) -> None:
    for length in range(40, len(key) - 12, 7):
        verdict = look(txt(NAME, f"v=DKIM1; p={key[:length]}"), KeyUnknown())
        facts = only(verdict).facts
        assert (facts["lost"], facts["have"], facts["want"]) == ("end", length, len(key))
        without = key[:length] + key[length + 3 :]
        facts = only(look(txt(NAME, f"v=DKIM1; p={without}"), KeyUnknown())).facts
        assert (facts["lost"], facts["have"], facts["want"]) == ("middle", len(without), len(key))


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        (KEY[1:], "dkim-truncated", "The beginning of the DKIM key"),
        (KEY[4:], "dkim-truncated", "is missing (4 characters)"),
        (f"AB{KEY}", "dkim-syntax", "Something stands in front of the DKIM key"),
        (f"{KEY}AB", "dkim-syntax", "has 394 characters and should"),
        (KEY[200:], "dkim-syntax", "no key that anybody can read"),
    ],
)
def test_the_ends_of_a_key_that_nobody_knows_are_looked_at(
    made: str, code: str, words: str
) -> None:
    verdict = look(txt(NAME, f"v=DKIM1; p={made}"), KeyUnknown())
    assert only(verdict).code == code
    assert words in say(verdict)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("text", "what", "words"),
    [
        (f"v=DKIM1; p={ED25519}", "type-missing", "but k=ed25519 is missing"),
        (f"v=DKIM1; k=rsa; p={ED25519}", "type", "says k=rsa, but its key is of the type ed25519"),
        (f"v=DKIM1; k=ed25519; p={WRAPPED.decode()}", "wrapped", "wrapped (44 octets and not 32)"),
        (f"v=DKIM1; p={WRAPPED.decode()}", "type-missing", "and wrapped (44 octets)"),
        (f"v=DKIM1; k=rsa; p={WRAPPED.decode()}", "type", "and wrapped (44 octets)"),
    ],
)
def test_an_ed25519_key_in_the_wrong_form_is_named_and_written_as_it_has_to_be(
    text: str, what: str, words: str, *, known: bool
) -> None:
    right = f"v=DKIM1; k=ed25519; p={ED25519}"
    knowledge = KnownKey("dkim", DkimRecord.parse(right), "--dkim") if known else KeyUnknown()
    verdict = look(txt(NAME, text), knowledge)
    finding = only(verdict)
    assert (finding.code, finding.severity) == ("dkim-syntax", Status.FAIL)
    assert finding.facts["what"] == what
    assert [fix.value for fix in finding.fixes] == [right]
    assert words in say(verdict)


@pytest.mark.parametrize("known", [True, False])
def test_an_rsa_key_that_says_ed25519_is_named(*, known: bool) -> None:
    right = f"v=DKIM1; k=rsa; p={KEY}"
    knowledge = KnownKey("dkim", DkimRecord.parse(right), "--dkim") if known else KeyUnknown()
    verdict = look(txt(NAME, f"v=DKIM1; k=ed25519; p={KEY}"), knowledge)
    finding = only(verdict)
    assert (finding.code, finding.facts["what"]) == ("dkim-syntax", "type")
    assert [fix.value for fix in finding.fixes] == [right]
    assert "its key is of the type rsa" in say(verdict)


def test_a_key_of_another_type_has_no_place_of_difference() -> None:
    known = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; k=ed25519; p={ED25519}"), "--dkim")
    verdict = look(txt(NAME, f"v=DKIM1; p={KEY}"), known)
    assert (only(verdict).code, only(verdict).facts["slip"]) == ("dkim-key-mismatch", "type")
    assert "of another type" in say(verdict)
    assert "character" not in say(verdict)


@pytest.mark.parametrize("known", [True, False])
def test_strings_in_another_order_are_named_as_such(*, known: bool) -> None:
    right = f"v=DKIM1; k=rsa; p={RSA_4096}"
    strings = [right[at : at + 200] for at in range(0, len(right), 200)]
    knowledge = KnownKey("dkim", DkimRecord.parse(right), "--dkim") if known else KeyUnknown()
    for order in ((0, 2, 1, 3), (1, 0, 2, 3), (1, 2, 0, 3), (3, 0, 1, 2)):
        shuffled = [strings[index].encode() for index in order]
        rdata = TXT(IN, RdataType.TXT, shuffled)
        answer = dataclasses.replace(txt(NAME, right), rdatas=(rdata,))
        finding = only(look(answer, knowledge))
        assert (finding.code, finding.facts["what"]) == ("dkim-syntax", "swapped")
        assert finding.severity is Status.FAIL
