from __future__ import annotations

import time
import unicodedata

import dns.exception
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidName
from bot.names import Domain, MailAddress, ParsedDomain, absolute_text_of, text_of
from bot.words import Words

WORDS = Words()


def _refusal(text: str) -> str:
    with pytest.raises(InvalidName) as caught:
        Domain.parse(text)
    return WORDS.error(caught.value)


def _address_refusal(text: str) -> str:
    with pytest.raises(InvalidName) as caught:
        MailAddress.parse(text)
    return WORDS.error(caught.value)


def _remark(text: str) -> str:
    remark = WORDS.remark(Domain.parse(text))
    assert remark is not None
    return remark


def _parse_domain(text: str) -> ParsedDomain | str:
    try:
        return Domain.parse(text)
    except InvalidName as error:
        return WORDS.error(error)


def _parse_address(text: str) -> MailAddress | str:
    try:
        return MailAddress.parse(text)
    except InvalidName as error:
        return WORDS.error(error)


@pytest.mark.parametrize(
    "text",
    [
        "friend.example",
        "Friend.EXAMPLE",
        "friend.example.",
        "  friend.example\n",
        "\tFRIEND.example. ",
        "friend。example",
        "\uff46\uff52\uff49\uff45\uff4e\uff44\uff0eexample\uff61",
    ],
)
def test_plain_name_has_no_remark(text: str) -> None:
    parsed = Domain.parse(text)
    assert parsed.domain == Domain(dns.name.from_text("friend.example."))
    assert parsed.domain.ascii == "friend.example"
    assert WORDS.remark(parsed) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://friend.example/x",
        "HTTPS://Friend.Example",
        "https://friend.example:8443/x?a=b#c",
        "http:friend.example",
        "https:/friend.example",
        "https:\\\\friend.example\\x",
        "http//friend.example",
        "//friend.example/",
        "imap://friend.example",
        "friend.example/x",
        "friend.example?x",
        "friend.example:443",
        "https://friend.example/@me",
        "https://friend.example./",
        "https://me@friend.example/",
        "me@friend.example",
        "@friend.example",
        "a@b@friend.example",
        "sales/north@friend.example",
        "mailto:me@friend.example",
        "mailto:me@friend.example?subject=a@b.example",
        "Me <me@friend.example>",
        '"Me, too" <me@friend.example>',
        "<me@friend.example>",
        "<https://friend.example>",
        "`friend.example`",
        "```friend.example```",
        "`https://friend.example/`",
        '"friend.example"',
        "“friend.example”",
        "**friend.example**",
        "||friend.example||",
        "[my page](https://friend.example/x)",
        "[my page](<https://friend.example/x>)",
    ],
)
def test_domain_is_taken_out_of_what_was_pasted(text: str) -> None:
    assert Domain.parse(text).domain.ascii == "friend.example"
    assert _remark(text).startswith("I took friend.example out of ")


def test_remark_repeats_what_was_typed() -> None:
    remark = _remark(" https://friend.example/x ")
    assert remark == "I took friend.example out of https://friend.example/x."


def test_remark_repeats_neither_password_nor_query() -> None:
    remark = _remark("https://me:hunter2@friend.example/x?token=secret")
    assert remark == "I took friend.example out of https://…@friend.example/x…."


def test_remark_is_short_and_without_control_characters() -> None:
    remark = _remark("https://friend.example/\x1b[31m\u202e\n" + "x" * 500)
    assert len(remark) < 120
    assert remark.isprintable()
    assert "\u202e" not in remark


def test_remark_shows_the_ascii_form_of_a_name_that_looks_like_another() -> None:
    remark = _remark("https://\u0430pple.example/")  # a Cyrillic first letter
    assert "(xn--pple-43d.example)" in remark


@pytest.mark.parametrize(
    ("text", "ascii_form", "unicode_form"),
    [
        ("bücher.example", "xn--bcher-kva.example", "bücher.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example", "bücher.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example", "bücher.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example", "bücher.example"),
        ("faß.example", "xn--fa-hia.example", "faß.example"),
        ("пример.example", "xn--e1afmkfd.example", "пример.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"),
        (
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example",
            "xn--mgba3gch31f060k.example",
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example",
        ),
        ("friend.test", "friend.test", "friend.test"),
        ("a.b.c.localhost", "a.b.c.localhost", "a.b.c.localhost"),
        ("1.example", "1.example", "1.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_name_has_both_forms(text: str, ascii_form: str, unicode_form: str) -> None:
    domain = Domain.parse(text).domain
    assert (domain.ascii, str(domain), domain.unicode) == (ascii_form, ascii_form, unicode_form)
    assert domain.name == dns.name.from_text(ascii_form + ".")


def test_equal_names_are_equal_however_they_are_typed() -> None:
    spellings = {"BÜCHER.example.", "bücher.example", "xn--bcher-kva.example"}
    assert len({Domain.parse(text).domain for text in spellings}) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no domain in it"),
        ("  \n", "no domain in it"),
        (".", "no domain in it"),
        ("https://", "no domain in it"),
        ("me@", "no domain in it"),
        ("localhost", "single word"),
        ("Müller", "single word"),
        ("192.0.2.1", "IP address"),
        ("192.0.2.1.", "IP address"),
        ("192.0.2.1:53", "IP address"),
        ("192.0.2.0/24", "IP address"),
        ("\uff11\uff19\uff12.\uff10.\uff12.\uff11", "IP address"),
        ("https://192.0.2.1/", "IP address"),
        ("2001:db8::1", "IP address"),
        ("[2001:db8::1]", "IP address"),
        ("https://[2001:db8::1]:443/x", "IP address"),
        ("me@[IPv6:2001:db8::1]", "IP address"),
        ("me@[192.0.2.1]", "IP address"),
        ("fe80::1%eth0", "IP address"),
        ("*.friend.example", "wildcard"),
        ("friend.*", "wildcard"),
        ("friend.example, other.example", "comma"),
        ("friend,example", "comma"),
        ("a@friend.example; b@friend.example", "comma"),
        ("friend .example", "blank"),
        ("friend\u3000mail.example", "blank"),
        ("friend.example\nother.example", "blank"),
        ("friend\x00.example", "U+0000"),
        ("friend\x1b[31m.example", "U+001B"),
        ("friend\u202eexample.com", "RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066friend.example\u2069", "LEFT-TO-RIGHT ISOLATE"),
        ("friend\u200b.example", "ZERO WIDTH SPACE"),
        ("\ufefffriend.example", "ZERO WIDTH NO-BREAK SPACE"),
        ("fri\u00adend.example", "SOFT HYPHEN"),
        ("fri\u200dend.example", "ZERO WIDTH JOINER"),
        ("fri\u3164end.example", "HANGUL FILLER"),
        ("friend\ud800.example", "U+D800"),
        ("friend..example", "between two dots"),
        (".friend.example", "before the first one"),
        ("friend.example..", "between two dots"),
        ("a" * 64 + ".example", "at most 63"),
        ("ü" * 60 + ".example", "at most 63"),
        ("ü" * 300 + ".example", "at most 63"),
        (".".join(["a" * 60] * 5), "at most 253"),
        ("-friend.example", "hyphen"),
        ("friend-.example", "hyphen"),
        ("fr--iend.example", "third and fourth"),
        ("friend.123", "ends in a number"),
        ("127.1", "ends in a number"),
        ("friend.example:http", "COLON"),
        ("fri%65nd.example", "PERCENT SIGN"),
        ("friend!.example", "EXCLAMATION MARK"),
        ("☕.example", "an emoji or symbol"),
        ("☕\ufe0f.example", "HOT BEVERAGE"),
        ("👩\u200d💻.example", "U+1F469"),
        ("\u0301friend.example", "not allowed by IDNA 2008"),
        ("שa.example", "from right to left"),
        ("xn--53h.example", "IDNA 2008"),
        ("xn--.example", "hyphen"),
        ("xn--99999999999.example", "IDNA 2008"),
        ("xn--abc.example", "IDNA 2008"),
        ("_dmarc.friend.example", "Leave out _dmarc: "),
        ("dkim._domainkey.friend.example", "Leave out dkim._domainkey: "),
        ("my_shop.example", "underscore"),
        ("x" * 10_000, "10,000 characters"),
    ],
)
def test_refusal_says_what_is_wrong_and_gives_an_example(text: str, words: str) -> None:
    sentence = _refusal(text)
    assert words in sentence
    assert ".example" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 250


def test_every_kind_of_refusal_has_its_own_sentence() -> None:
    texts = [
        "", "localhost", "192.0.2.1", "*.a.example", "a,b.example", "a b.example",
        "a\u200bb.example", "a..example", "a" * 64 + ".example", ".".join(["a" * 60] * 5),
        "-a.example", "ab--c.example", "a.123", "☕.example", "שa.example", "xn--53h.example",
        "_dmarc.friend.example", "my_shop.example", "x" * 1001,
    ]  # fmt: skip
    sentences = [_refusal(text).replace(text, "") for text in texts]
    assert len(set(sentences)) == len(texts)


def test_underscore_refusal_names_the_domain_that_was_probably_meant() -> None:
    assert _refusal("_dmarc.Friend.example") == (
        "Leave out _dmarc: a mail domain has no underscore. You probably mean friend.example."
    )
    assert _refusal("a.my_host.friend.example").endswith("You probably mean friend.example.")


def test_refusal_repeats_a_short_piece_of_what_was_typed() -> None:
    sentence = _refusal("no blanks allowed " + "x" * 900)
    assert "no blanks allowed" in sentence
    assert sentence.count("x") < 60


def test_long_input_is_not_repeated() -> None:
    assert "aaa" not in _refusal("a" * 1001)


@pytest.mark.parametrize(
    "unit",
    ["a", "a.", "ü", "`", "<", "[", "@", "_.", "xn--", "\u0301", "a:", "/", "[](", "☕\u200d"],
)
def test_hostile_input_is_refused_at_once(unit: str) -> None:
    start = time.perf_counter()
    for size in (300, 1000, 10_000):
        _refusal(unit * (size // len(unit)))
    assert time.perf_counter() - start < 0.5


@given(st.text() | st.text(alphabet="a.-_@:/<>[]()`\"'*xn\u200d\u00fc\uff45。 1é☕ش", max_size=80))
def test_any_text_is_a_domain_or_refused(text: str) -> None:
    parsed = _parse_domain(text)
    if isinstance(parsed, str):
        assert parsed.isprintable()
        return
    domain = parsed.domain
    assert Domain.parse(domain.ascii) == Domain.parse(domain.ascii.upper() + ".")
    assert Domain.from_ascii(domain.ascii) == domain
    assert Domain.parse(domain.unicode).domain == domain
    assert domain.name.is_absolute()
    assert domain.name.to_text() == domain.name.to_text().lower()
    assert parsed.taken_from is None or parsed.taken_from.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "Friend.example",
        "friend.example.",
        " friend.example",
        "https://friend.example/",
        "me@friend.example",
        "bücher.example",
        "xn--53h.example",
        "xn--BCHER-KVA.example",
        "ab--c.example",
        "-a.example",
        "a-.example",
        "a..example",
        "a_b.example",
        "192.0.2.1",
        "friend.123",
        "friend.example\n",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
    ],
)
def test_a_name_of_ours_is_taken_as_it_stands_or_not_at_all(text: str) -> None:
    with pytest.raises(ValueError, match="no mail domain in ASCII form"):
        Domain.from_ascii(text)


_LETTERS = st.characters(min_codepoint=0x61, exclude_categories=["Cs", "Cc", "Cf", "Cn", "Zs"])


@given(st.text(alphabet=_LETTERS, min_size=1, max_size=8))
def test_international_names_survive_both_forms(label: str) -> None:
    try:
        domain = Domain.parse(f"{label}.example").domain
    except InvalidName:
        return
    assert domain.ascii.isascii()
    assert unicodedata.is_normalized("NFC", domain.unicode)
    assert Domain.parse(domain.unicode).domain == domain == Domain.from_ascii(domain.ascii)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("me@friend.example", "me@friend.example"),
        ("  Me.Too+list@FRIEND.example. ", "Me.Too+list@friend.example"),
        ("mailto:me@friend.example?subject=hello", "me@friend.example"),
        ("Me <me@friend.example>", "me@friend.example"),
        ("`me@friend.example`", "me@friend.example"),
        ("me@bücher.example", "me@xn--bcher-kva.example"),
        ("müller@friend.example", "müller@friend.example"),
        ('"a..b"@friend.example', '"a..b"@friend.example'),
        ("sales/north@friend.example", "sales/north@friend.example"),
    ],
)
def test_address_is_read(text: str, address: str) -> None:
    parsed = MailAddress.parse(text)
    assert str(parsed) == address
    assert f"{parsed.local}@{parsed.domain}" == address
    assert MailAddress.parse(address) == parsed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no @"),
        ("friend.example", "no @"),
        ("@friend.example", "nothing before the @"),
        ("a b@friend.example", "cannot stand before the @"),
        ("a..b@friend.example", "cannot stand before the @"),
        ("a@b@friend.example", "cannot stand before the @"),
        ('"a" b@friend.example', "cannot stand before the @"),
        ("a\x1bb@friend.example", "U+001B"),
        ("a\u202eb@friend.example", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\ud800@friend.example", "U+D800"),
        ("a" * 65 + "@friend.example", "longer than 64"),
        ("ü" * 33 + "@friend.example", "longer than 64"),
        ("a" * 60 + "@" + ".".join(["b" * 60] * 4), "longer than 254"),
        ("me@localhost", "single word"),
        ("me@[192.0.2.1]", "IP address"),
        ("me@" + "x" * 10_000, "10,003 characters"),
    ],
)
def test_address_refusal_says_what_is_wrong(text: str, words: str) -> None:
    sentence = _address_refusal(text)
    assert words in sentence
    assert "friend.example" in sentence
    assert sentence.isprintable()


@given(st.text() | st.text(alphabet='a.@"<>:ü \u202e[]', max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    address = _parse_address(text)
    if isinstance(address, str):
        assert address.isprintable()
        return
    assert MailAddress.parse(str(address)) == address


labels = st.binary(min_size=1, max_size=4) | st.sampled_from(
    (b"a", b"A-1", b"_dmarc", b"*", b"a.b")
)


@given(st.lists(labels, max_size=4))
def test_a_name_is_written_as_dnspython_writes_it(found: list[bytes]) -> None:
    name = dns.name.Name([*found, b""])
    assert text_of(name) == name.to_text(omit_final_dot=True)
    assert absolute_text_of(name) == name.to_text()
    relative = dns.name.Name(found)
    assert text_of(relative) == relative.to_text(omit_final_dot=True)


def read_below(domain: Domain, text: str) -> dns.name.Name | None:
    try:
        name = dns.name.from_text(text, domain.name)
    except dns.exception.DNSException:
        return None
    return name if name.is_subdomain(domain.name) else None


@pytest.mark.parametrize(
    "text",
    [
        *("mail", "dkim._domainkey", "@", "", ".", "..", "a..b", "a.", "\\046x", "\\", "ä"),
        *("x.friend.example.", "friend.example.", "x.other.example.", "x" * 64),
        ".".join(["y" * 60] * 4),
    ],
)
def test_a_label_below_a_domain_is_read_as_dnspython_reads_it(text: str) -> None:
    domain = Domain.from_ascii("friend.example")
    assert domain.below(text) == read_below(domain, text)


@given(st.text(max_size=12) | st.text(alphabet=".\\@a1_ä", max_size=12))
def test_any_text_below_a_domain_is_read_as_dnspython_reads_it(text: str) -> None:
    domain = Domain.from_ascii("friend.example")
    assert domain.below(text) == read_below(domain, text)
