"""What is taken of pasted DKIM keys, and that nothing damaged is taken as another key."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidKey
from bot.records.dkim_key import DkimRecord
from bot.records.paste_cleaning import CLEANINGS
from bot.records.pasted_forms import FORMS
from bot.records.txt_paste import LONGEST_PASTE
from bot.words import Words
from pasted_keys import MAILCOW_TAGS, forms_of, pem, pkcs1
from strategies import ED25519, RSA_1024, RSA_2048, RSA_4096

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = f"{MAILCOW_TAGS}{RSA_2048}"
KEY = base64.b64decode(RSA_2048)
OTHER = base64.b64decode(RSA_1024)
FORMS_OF_ONE_KEY = {form.name: form.text for form in forms_of()}
# Another key of the same size; its private half was thrown away.
SECOND = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyohoQe2KCzBS+RsWZdnFFLCfj6nxncRO0FM8ToK1WYZz"
    "D7ls4NWOhYauPx/lmA+CWJSbF2wUF2Pn3OA43eqAW/Ab1fmVx1X92G1edcuVzBl3qBcAjomGh2LMrTXPL+wntlCp"
    "RA4ZCsTAex0zQ2HQvkb+MbzcYQNKfk0mjA1ZsFXakLwiYEPaSgLC6fF98f8WlBW17V8iRUWmW45zjqlPHPcCFyAE"
    "pg6HOs079q1E+YujnKcqLVFAloHQaB80ToLKWpZkHXmfUv86tiHQwkyf6u/BIZuX372hivwMT2z632q11fw9Knn8"
    "f73YCMty2ydR8Pz0pEaqi13g8CltDl/OKQIDAQAB"
)
SECOND_FORMS = {form.name: form.text for form in forms_of(SECOND)}


def refusal(pasted: str) -> InvalidKey:
    with pytest.raises(InvalidKey) as caught:
        DkimRecord.parse(pasted)
    return caught.value


def say(pasted: str) -> str:
    return Words().error(refusal(pasted))


@pytest.mark.parametrize("name", FORMS_OF_ONE_KEY)
def test_every_form_gives_the_same_key(name: str) -> None:
    assert DkimRecord.parse(FORMS_OF_ONE_KEY[name]).key == KEY


@pytest.mark.parametrize("key", [RSA_1024, RSA_4096])
def test_forms_do_not_depend_on_the_size_of_the_key(key: str) -> None:
    read = {form.name: DkimRecord.parse(form.text).key for form in forms_of(key)}
    assert set(read.values()) == {base64.b64decode(key)}


def test_there_are_more_forms_than_were_asked_for() -> None:
    assert len(FORMS_OF_ONE_KEY) == len(forms_of()) > 56
    assert len(set(FORMS_OF_ONE_KEY.values())) == len(FORMS_OF_ONE_KEY)


@pytest.mark.parametrize("name", FORMS_OF_ONE_KEY)
def test_what_is_handed_out_is_one_line_that_holds_the_key_as_it_is_published(name: str) -> None:
    text = DkimRecord.parse(FORMS_OF_ONE_KEY[name]).text
    assert f"p={RSA_2048}" in text
    assert re.fullmatch(r"[!-~ ]+", text)
    assert DkimRecord.parse(text).text == text


TAGS_KEPT = [
    name
    for name in FORMS_OF_ONE_KEY
    if not re.match(r"PEM|base64|p= alone|opendkim-genkey|Mailcow's API, its key", name)
]


@pytest.mark.parametrize("name", TAGS_KEPT)
def test_the_tags_of_a_record_are_kept(name: str) -> None:
    record = DkimRecord.parse(FORMS_OF_ONE_KEY[name])
    assert (record.flags, record.services) == (("s",), ("email",))


@pytest.mark.parametrize("forms", [FORMS, CLEANINGS])
def test_every_form_has_a_name_and_a_source(forms: tuple[tuple[str, str, object], ...]) -> None:
    assert len({name for name, _, _ in forms}) == len(forms)
    assert all(source for _, source, _ in forms)


def test_an_ed25519_key_is_handed_out_as_its_octets() -> None:
    key = Ed25519PrivateKey.generate().public_key()
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    wrapped = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(wrapped).decode()
    for pasted in (pem(wrapped), text, f"v=DKIM1; k=ed25519; p={text}"):
        record = DkimRecord.parse(pasted)
        assert (record.key_type, record.key) == ("ed25519", raw)
        assert record.text.endswith(f"p={base64.b64encode(raw).decode()}")


def test_32_octets_alone_may_be_anything() -> None:
    assert refusal(ED25519).code == "key-without-tags"
    assert refusal(f"`{ED25519}`").code == "key-without-tags"


def place_in_key(text: str, rng: random.Random) -> int:
    run = rng.choice(list(re.finditer(r"[A-Za-z0-9+/]{30,}", text)))
    return rng.randrange(run.start() + 1, run.end() - 1)


def drop(text: str, rng: random.Random) -> str:
    at = place_in_key(text, rng)
    return text[:at] + text[at + rng.choice((1, 1, 2, 3, 4, 8, 64)) :]


def double(text: str, rng: random.Random) -> str:
    at = place_in_key(text, rng)
    return text[:at] + text[at : at + rng.choice((1, 1, 2, 4, 64))] + text[at:]


def insert(text: str, rng: random.Random) -> str:
    at = place_in_key(text, rng)
    return text[:at] + rng.choice("Aa0+/-_=.,;:!\"'\\\u2026\u00e4\u0410\U0001f511") + text[at:]


def cut_end(text: str, rng: random.Random) -> str:
    return text[: place_in_key(text, rng)]


def cut_start(text: str, rng: random.Random) -> str:
    return text[place_in_key(text, rng) :]


def pieces_of(text: str) -> list[str]:
    return re.split(r'("[^"\n]*"|\n)', text)


def lose_string(text: str, rng: random.Random) -> str:
    pieces = pieces_of(text)
    del pieces[rng.choice([i for i, piece in enumerate(pieces) if len(piece) > 20])]
    return "".join(pieces)


def double_string(text: str, rng: random.Random) -> str:
    pieces = pieces_of(text)
    at = rng.choice([i for i, piece in enumerate(pieces) if len(piece) > 20])
    pieces.insert(at, pieces[at])
    return "".join(pieces)


def exchange_strings(text: str, _: random.Random) -> str:
    """Exchange the first and the last long piece."""
    pieces = pieces_of(text)
    long = [i for i, piece in enumerate(pieces) if len(piece) > 20]
    pieces[long[0]], pieces[long[-1]] = pieces[long[-1]], pieces[long[0]]
    return "".join(pieces)


def lower(text: str, _: random.Random) -> str:
    return text.lower()


def lose_mark(text: str, rng: random.Random) -> str:
    at = rng.choice([i for i, c in enumerate(text) if not c.isalnum()] or [0])
    return text[:at] + text[at + 1 :]


def add_second(text: str, rng: random.Random) -> str:
    return f"{text}\n{rng.choice(list(SECOND_FORMS.values()))}"


DAMAGES = (
    *(drop, double, insert, cut_end, cut_start, lose_string, double_string, exchange_strings),
    *(lower, lose_mark, add_second),
)


def test_of_500_damaged_pastes_none_is_taken_as_another_key() -> None:
    rng = random.Random(13)
    outcomes: Counter[str] = Counter()
    for number in range(500):
        name, text = rng.choice(list(FORMS_OF_ONE_KEY.items()))
        damage = DAMAGES[number % len(DAMAGES)]
        damaged = damage(text, rng)
        try:
            record = DkimRecord.parse(damaged)
        except InvalidKey:
            outcomes["refused"] += 1
            continue
        assert record.key == KEY, (name, damage.__name__)
        outcomes["the same key"] += 1
    assert outcomes["refused"] > 400  # what was lost in the others was none of the key


def swap(text: str, rng: random.Random) -> str:
    at = place_in_key(text, rng)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def replace(text: str, rng: random.Random) -> str:
    at = place_in_key(text, rng)
    return text[:at] + rng.choice("ABCDEFGHabcdefgh0123456789+/") + text[at + 1 :]


def join_halves(text: str, rng: random.Random) -> str:
    """Begin with one key and go on with another, as where strings of two zones got mixed."""
    middle = rng.randrange(len(MAILCOW_TAGS) + 60, len(VALUE) - 60)
    return text[:middle] + f"{MAILCOW_TAGS}{SECOND}"[middle:]


@pytest.mark.parametrize(("damage", "most"), [(swap, 0.2), (replace, 0.15), (join_halves, 0.15)])
def test_most_damage_that_keeps_the_length_is_seen_by_the_numbers(
    damage: Callable[[str, random.Random], str], most: float
) -> None:
    """A modulus with other digits is one that another key could have: no check sees all of it.

    One in eleven odd numbers has no factor below 2^18; of two neighbours swapped one in seven is
    not seen, since their difference is a multiple of 63, so that 3 and 7 never become factors.
    """
    rng = random.Random(14)
    taken = 0
    for _ in range(500):
        try:
            taken += DkimRecord.parse(damage(VALUE, rng)).key != KEY
        except InvalidKey:
            continue
    assert taken / 500 < most


def test_nearly_every_ed25519_key_with_another_sign_is_refused() -> None:
    rng = random.Random(15)
    taken = 0
    for _ in range(500):
        at = rng.randrange(len(ED25519) - 2)
        sign = rng.choice("ABCDEFGHabcdefgh0123456789+/".replace(ED25519[at], ""))
        try:
            DkimRecord.parse(f"v=DKIM1; k=ed25519; p={ED25519[:at]}{sign}{ED25519[at + 1 :]}")
        except InvalidKey:
            continue
        taken += 1
    assert taken / 500 < 0.12  # one in sixteen points is in the group


@pytest.mark.parametrize("name", FORMS_OF_ONE_KEY)
def test_two_keys_in_one_paste_are_refused(name: str) -> None:
    other = f"v=DKIM1; p={RSA_1024}"
    for pasted in (f"{other}\n{FORMS_OF_ONE_KEY[name]}", f"{FORMS_OF_ONE_KEY[name]}\n{other}"):
        assert DkimRecord.parse(other).key == OTHER
        refusal(pasted)


def test_two_keys_are_named_as_what_they_are() -> None:
    zone = f'a._domainkey TXT "{VALUE}"\nb._domainkey TXT "v=DKIM1; p={RSA_1024}"\n'
    assert say(zone).startswith("There are two different keys")


def test_one_key_with_two_sets_of_tags_is_refused() -> None:
    twice = f"{VALUE}\n{VALUE.replace('t=s', 't=y')}"
    assert "different tags" in say(twice)


def test_a_key_twice_is_one_key() -> None:
    assert DkimRecord.parse(f'a TXT "{VALUE}"\nb TXT "{VALUE}"').text == VALUE


@pytest.mark.parametrize(
    ("character", "called"),
    [
        ("!", '"!" (exclamation mark)'),
        ("\u0410", '"\u0410" (cyrillic capital letter a)'),
        ("\U0001f511", '"\U0001f511" (key)'),
        ("\x07", "control character (U+0007)"),
        ("\u2800", "braille pattern blank (U+2800)"),
        ("-", '"-" (hyphen-minus)'),
    ],
)
def test_a_strange_character_is_named_with_its_place(character: str, called: str) -> None:
    pasted = f"{VALUE[:99]}{character}{VALUE[99:]}"
    said = say(pasted)
    assert f"character 100 of {len(VALUE) + 1} " in said
    assert called in said


def test_places_are_counted_in_what_was_typed() -> None:
    pasted = f"```\n\u200bdkim TXT &quot;{VALUE[:99]}\u2026{VALUE[99:]}&quot;\n```"
    at = pasted.index("\u2026")
    error = refusal(pasted)
    assert error.code == "key-shortened"
    assert (error.facts["at"], error.facts["length"]) == (at + 1, len(pasted))
    assert (error.facts["line"], error.facts["column"]) == (2, at + 1 - len("```\n"))


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        (f"{VALUE[:-40]}", r"392 characters, and 352 are there"),
        (f"{VALUE}AB", rf"before character {len(VALUE) + 1} "),
        (f"{VALUE}\nAB", r"\(line 2, column 1\)"),
        (f"{VALUE[:120]}...", r"shortened"),
        (f"Strings : {{{VALUE[:120]}...}}", r"shortened"),
        (f"{VALUE[:120]}\\q{VALUE[120:]}", r"backslash at character 121 "),
        (f"v=DKIM1\\073p={RSA_2048}", r"backslash at character 8 "),
        (f'{VALUE}"', rf"quote mark inside, at character {len(VALUE) + 1} "),
        (f'x TXT "{VALUE}', r"do not fit together at character 7 "),
        (pem(KEY)[:300], r"no end"),
        (f"v=DKIM1; p={RSA_2048.replace('+', '-', 1)}", r"hyphen-minus"),
    ],
)
def test_what_is_refused_is_refused_for_its_cause(pasted: str, says: str) -> None:
    assert re.search(says, say(pasted))


def test_an_octal_escape_is_not_read_as_a_decimal_one() -> None:
    # `\057` is "/" to tinydns and "9" to BIND: both would be whole keys, and different ones.
    octal = VALUE.replace("/", "\\057")
    assert DkimRecord.parse(f"'dkim._domainkey.friend.example:{octal}:3600").key == KEY
    assert refusal(f'"{octal}"').code == "key-with-odd-escape"
    assert refusal(octal).code == "key-with-odd-escape"


PRIVATE = generate_private_key(65537, 2048)
SECRET = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OLD_SECRET = PRIVATE.private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
).decode()
BARE_SECRET = "".join(SECRET.splitlines()[1:-1])
OLD_BARE_SECRET = "".join(OLD_SECRET.splitlines()[1:-1])


@pytest.mark.parametrize(
    "pasted",
    [
        SECRET,
        OLD_SECRET,
        BARE_SECRET,
        OLD_BARE_SECRET,
        "\n".join(SECRET.splitlines()[1:-1]),
        json.dumps({"public": VALUE, "secret": SECRET}),
        json.dumps({"dkim_txt": VALUE, "privkey": base64.b64encode(SECRET.encode()).decode()}),
        base64.b64encode(SECRET.encode()).decode()[:37],
        json.dumps({"dkim_txt": VALUE, "x": base64.b64encode(OLD_SECRET.encode()).decode()}),
        f"v=DKIM1; k=rsa; p={BARE_SECRET}",
        f'"v=DKIM1; k=rsa; p={OLD_BARE_SECRET}"',
        SECRET.replace(" ", "\u00a0"),
        SECRET.replace(" ", "&nbsp;"),
        SECRET.replace(" ", "%20"),
        SECRET.replace("PRIVATE", "PRI\u200bVATE"),
        "\n".join(f"> {line}" for line in SECRET.splitlines()),
        f"{pem(KEY)}{SECRET}",
        SECRET.replace("BEGIN PRIVATE KEY", "BEGIN").replace("END PRIVATE KEY", "END"),
    ],
)
def test_a_private_key_in_any_form_is_refused_and_not_repeated(pasted: str) -> None:
    error = refusal(pasted)
    assert error.code == "key-is-private"
    assert error.facts == {}


@pytest.mark.parametrize("name", FORMS_OF_ONE_KEY)
def test_no_message_repeats_more_than_one_character_of_the_key(name: str) -> None:
    text = FORMS_OF_ONE_KEY[name]
    at = place_in_key(text, random.Random(name))
    error = refusal(f"{text[:at]}!{text[at:]}")
    assert not re.search(r"[A-Za-z0-9+/]{20}", str(error).replace(error.code, ""))


def test_mailcows_empty_private_key_is_none() -> None:
    assert '"privkey": ""' in FORMS_OF_ONE_KEY["Mailcow's API"]


def test_pkcs1_is_handed_out_as_subject_public_key_info() -> None:
    bare = base64.b64encode(pkcs1(RSA_2048)).decode()
    assert DkimRecord.parse(f"{MAILCOW_TAGS}{bare}").text == VALUE
    assert DkimRecord.read(f"{MAILCOW_TAGS}{bare}").text == VALUE


def test_padding_that_was_lost_is_put_back() -> None:
    assert RSA_4096.endswith("==")
    assert DkimRecord.parse(f"v=DKIM1; p={RSA_4096.rstrip('=')}").text.endswith(RSA_4096)


def test_a_paste_has_a_longest() -> None:
    assert DkimRecord.parse(VALUE + " " * (LONGEST_PASTE - len(VALUE))).key == KEY
    assert refusal(VALUE + " " * LONGEST_PASTE).code == "key-text-too-long"


HOSTILE = (
    *(
        '"',
        '" "',
        "\\",
        '\\"',
        "'",
        "`",
        " ",
        "\n",
        "-",
        "=",
        "> ",
        "<a ",
        "&amp;",
        "%3D",
        "{",
        "(",
    ),
    *("v=DKIM1;", "v=DKIM1; p=", "p=", "k=rsa;", "MII", "p=MIIBIjANBgkqhkiG9w", "=3D", "'a:\n"),
    *("MII;", "MIIBIjANBgkqhkiG9w0BAQE;", "MIIB  ", " .", "\t", ";\n", "&quot;"),
    *('"v=DKIM1; ', '\\"v=DKIM1', "-----BEGIN PUBLIC KEY-----\n", "A: b\n ", "; ", "PRIVATE ", "A"),
)


@pytest.mark.parametrize("start", ["", VALUE[:100], VALUE])
def test_four_times_the_text_takes_about_four_times_as_long(start: str) -> None:
    DkimRecord.parse(VALUE)  # the primes are multiplied once

    def measure(length: int) -> float:
        began = time.process_time()
        for part in HOSTILE:
            refusal(f"{start}{part * length}"[: length - 1] + "!")
        return time.process_time() - began

    short = min(measure(LONGEST_PASTE // 4) for _ in range(2))
    assert min(measure(LONGEST_PASTE) for _ in range(2)) < 8 * short + 0.1


@given(
    st.lists(
        st.sampled_from([*HOSTILE, VALUE, VALUE[:99], VALUE[99:], RSA_2048, pem(KEY)]) | st.text(),
        max_size=8,
    )
)
def test_whatever_is_pasted_is_the_key_or_refused_in_a_sentence(parts: list[str]) -> None:
    try:
        key = DkimRecord.parse("".join(parts)).key
    except InvalidKey as error:
        said = Words().error(error)
    else:
        said = "."
        assert key == KEY
    assert said.endswith(".")
