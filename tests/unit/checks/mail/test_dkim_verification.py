"""DKIM signatures: what the library is lax in is judged, and the body is hashed as it does it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import dkim
import dkim.canonicalization
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.name import from_text
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.mail.body_hash import hash_body
from bot.checks.mail.dkim_signature import MOST_SIGNATURES, read_signatures
from bot.checks.mail.header_fields import read_header
from bot.checks.mail.mail_verdict import AuthResult
from examples import examples
from signed_mails import (
    FRIEND,
    NOW,
    EdwardsKey,
    codes,
    compose,
    deliver,
    good_mail,
    hand_in,
    judge,
    key_line,
    key_pair,
    sign,
    txt,
    zone,
)

if TYPE_CHECKING:
    from bot.checks.mail.mail_verdict import Signature

_PARTS = (b"a", b" ", b"\t", b"\r\n", b"\r", b"\n", b"  \r\n", b"\r\n" * 9, b"xyz " * 9000)


def first(raw: bytes, world: str | None = None) -> Signature:
    return judge(raw, world).signatures[0]


def send(message: bytes | None = None, **how: object) -> bytes:
    return deliver(hand_in(sign(message or compose(), **how)))  # type: ignore[arg-type]  # by name


def as_rfc(body: bytes, canon: str) -> bytes:
    """Return a body in canonical form, as slowly as RFC 6376 section 3.4 reads."""
    lines = body.split(b"\r\n")
    if canon == "relaxed":
        lines = [_fold(line) for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    text = b"".join(line + b"\r\n" for line in lines)
    return text or (b"" if canon == "relaxed" else b"\r\n")


def _fold(line: bytes) -> bytes:
    folded = bytearray()
    for octet in line:
        octets = b" " if octet in b" \t" else bytes([octet])
        if not (octets == b" " and folded.endswith(b" ")):
            folded += octets
    return bytes(folded).removesuffix(b" ")


@examples(1)
@given(parts=st.lists(st.sampled_from(_PARTS), max_size=12), length=st.integers(0, 50))
@pytest.mark.parametrize("canon", ["simple", "relaxed"])
def test_a_body_is_hashed_as_the_rfc_says(canon: str, parts: list[bytes], length: int) -> None:
    body = b"".join(parts)
    wanted = as_rfc(body, canon)
    found = hash_body(b"head" + body, 4, canon, [length])
    assert found.octets == len(wanted)
    assert found.whole == hashlib.sha256(wanted).digest()
    assert found.parts.get(length) == (
        hashlib.sha256(wanted[:length]).digest() if length <= len(wanted) else None
    )


@pytest.mark.parametrize("canon", ["simple", "relaxed"])
def test_the_library_hashes_a_usual_body_in_the_same_way(canon: str) -> None:
    body = b"one  two\t\r\n\r\n three \r\n\r\n\r\n"
    theirs = dkim.canonicalization.ALGORITHMS[canon.encode()].canonicalize_body(body)
    assert hash_body(body, 0, canon).whole == hashlib.sha256(theirs).digest()


@pytest.mark.parametrize("head", ["simple", "relaxed"])
@pytest.mark.parametrize("body", ["simple", "relaxed"])
def test_each_canonical_form_verifies(head: str, body: str) -> None:
    mail = compose(b"one  two \r\n\r\n\r\n", more="X-Folded: a\r\n\tb  c\r\n")
    verdict = judge(send(mail, canon=f"{head}/{body}", signed=("from", "x-folded")))
    assert verdict.passed


def test_an_ed25519_signature_verifies() -> None:
    key = EdwardsKey()
    world = zone(key=txt("dkim._domainkey.friend.example", key.record))
    assert judge(send(key=key), world).passed
    assert first(send(compose(b"Another"), key=key), world).fault == ""
    broken = send(key=key).replace(b"Subject: test", b"Subject: other")
    assert first(broken, world).fault == "mail-header-changed"
    # A key of another type than the signature.
    assert first(send(key=key), zone()).fault == "mail-key-broken"


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        ({"v": "2"}, "v"),
        ({"a": "rsa-md5"}, "a"),
        ({"c": "relaxed/loose"}, "c"),
        ({"c": "a/b/c"}, "c"),
        ({"q": "http"}, "q"),
        ({"i": "@notfriend.example"}, "i"),
        ({"i": "@"}, "i"),
        ({"l": "-1"}, "l"),
        ({"t": "soon"}, "t"),
        ({"x": "1e9"}, "x"),
        ({"x": str(NOW - 100), "t": str(NOW)}, "x"),
        ({"d": "example"}, "d"),
        ({"d": "-.example"}, "d"),
        ({"s": "a b!"}, "s"),
        ({"s": "x" * 64}, "s"),
        ({"bh": "?"}, "bh"),
        ({"h": "from:" + "x:" * 200 + "y"}, "h"),
        ({"v": "1; v=1"}, "v"),
    ],
)
def test_a_tag_against_the_rules_is_named(tags: dict[str, str], detail: str) -> None:
    mail = sign(compose())
    for name, value in tags.items():
        mail = _set(mail, name, value)
    verdict = judge(deliver(hand_in(mail)))
    assert not verdict.passed
    one = verdict.signatures[0]
    assert (one.outcome, one.fault) == (AuthResult.PERMERROR, "mail-signature-odd")
    if one.domain == FRIEND.ascii:
        assert verdict.causes[0].facts["what"] == detail


def _set(mail: bytes, name: str, value: str) -> bytes:
    """Return a mail with a tag of its signature changed, or one more tag."""
    head, _, rest = mail.partition(b"\r\nFrom:")
    text = " ".join(head.decode().split())
    tags = [tag.strip() for tag in text.removeprefix("DKIM-Signature:").split(";")]
    kept = [tag for tag in tags if not tag.startswith(f"{name}=")]
    shown = "; ".join([f"{name}={value}", *kept])
    return f"DKIM-Signature: {shown}".encode() + b"\r\nFrom:" + rest


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("v=DKIM2; p={p}", "mail-key-broken"),
        ("v=DKIM1; k=dsa; p={p}", "mail-key-broken"),
        ("v=DKIM1; k=ed25519; p={p}", "mail-key-broken"),
        ("v=DKIM1; h=sha1; p={p}", "mail-key-broken"),
        ("v=DKIM1; s=tlsrpt; p={p}", "mail-key-broken"),
        ("v=DKIM1; p={p}; p={p}", "mail-key-broken"),
        ("v=DKIM1; p=AAAA", "mail-key-broken"),
        ("v=DKIM1; k=rsa", "mail-key-broken"),
        ("v=DKIM1; p= ", "mail-key-revoked"),
        ("v=DKIM1; t=y:s; p={p}", "mail-key-testing"),
        ("p={p}", ""),
        ("v=DKIM1; s=email:x; h=sha256; n=a note; p={p}", ""),
        ("v=DKIM1; t=s; p={p}", ""),
    ],
)
def test_what_a_key_record_allows_is_kept(record: str, fault: str) -> None:
    public = key_pair().record.partition("p=")[2]
    world = zone(key=txt("dkim._domainkey.friend.example", record.replace("{p}", public)))
    assert first(good_mail(), world).fault == fault


def test_a_strict_key_signs_for_no_name_below() -> None:
    record = key_pair().record.replace("k=rsa", "t=s")
    world = zone(key=txt("dkim._domainkey.friend.example", record))
    assert first(send(tags={"i": "@sub.friend.example"}), world).fault == "mail-signature-odd"
    assert first(send(tags={"i": "@sub.friend.example"})).fault == ""


def test_a_key_that_takes_long_to_compute_with_is_not_used() -> None:
    modulus = key_pair().private.public_key().public_numbers().n
    key = rsa.RSAPublicNumbers((1 << 2000) + 1, modulus).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = f"p={base64.b64encode(der).decode()}"
    world = zone(key=txt("dkim._domainkey.friend.example", record))
    verdict = judge(good_mail(), world)
    assert (codes(verdict)[0], verdict.causes[0].facts["what"]) == ("mail-key-broken", "long")


def test_the_clock_is_the_mailbox_s_own() -> None:
    assert judge(send(tags={"x": str(NOW + 1)})).passed
    assert codes(judge(send(tags={"x": str(NOW - 1)})))[0] == "mail-signature-expired"
    assert judge(send(tags={"t": str(NOW + 3600)})).passed


def test_only_so_many_signatures_are_looked_at_and_ours_is_one_of_them() -> None:
    mail = hand_in(sign(compose()))
    for number in range(20):
        mail = sign(mail, domain=f"d{number}.example", selector="s")
    found = read_signatures(read_header(mail), FRIEND)
    assert len(found) == MOST_SIGNATURES
    assert found[-1].key_name == from_text("dkim._domainkey.friend.example.")
    assert judge(deliver(mail)).passed


def test_octets_behind_l_are_no_part_of_what_is_proven() -> None:
    covered = first(send(length=9))
    assert (covered.outcome, covered.counts_part) == (AuthResult.PASS, False)
    more = first(deliver(hand_in(sign(compose(), length=9)) + b"more\r\n"))
    assert (more.outcome, more.fault, more.counts_part) == (AuthResult.POLICY, "mail-length", True)
    cut = sign(compose(), length=9).removesuffix(b"test.\r\n")
    assert first(deliver(hand_in(cut))).fault == "mail-body-changed"


def test_a_field_added_above_a_signed_from_breaks_the_signature() -> None:
    mail = b"From: eve@evil.example\r\n" + sign(compose())
    assert first(deliver(hand_in(mail))).fault == "mail-header-changed"


def test_of_two_signatures_the_right_one_counts() -> None:
    broken = sign(compose()).replace(b"bh=", b"bh=AAAA", 1)
    both = b"".join((broken.partition(b"From:")[0], sign(compose())))
    verdict = judge(deliver(hand_in(both)), zone(key_line("x.example")))
    assert verdict.passed
    assert len(verdict.signatures) == 2
