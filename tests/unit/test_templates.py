"""The words: every code has some, none is dead, and none breaks whatever the facts are."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import jinja2.meta
import jinja2.nodes
import pytest

import bot.checks
from bot.checks.finding import Check
from bot.checks.spf.left_out import LeftOutReason
from bot.records.client_settings import ADVICE
from bot.records.expected import Purpose
from bot.words import Medium, Words, shipped_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.errors import Fact

EN = shipped_templates() / "en"
CHECKS = Path(bot.checks.__file__).parent
NOTHING_SAID = {"mail/settings_pages"}  # where there is neither page

# The codes that stay stable for everybody outside, with the severities that each may have.
CONTRACT = (
    ("domain-not-found", {"fail"}),
    ("no-records-yet", {"fail"}),
    ("servfail", {"unknown"}),
    ("dns-timeout", {"unknown"}),
    ("apex-cname", {"fail"}),
    ("mx-missing", {"fail"}),
    ("mx-not-ours", {"fail"}),
    ("mx-domain-appended", {"fail"}),
    ("mx-to-cname", {"fail"}),
    ("mx-is-ip", {"fail"}),
    ("mx-priority-in-target", {"fail"}),
    ("mx-target-nxdomain", {"fail"}),
    ("mx-null", {"fail"}),
    ("mx-null-mixed", {"fail"}),
    ("mx-foreign-preferred", {"fail"}),
    ("mx-foreign-backup", {"warn"}),
    ("mx-other-name", {"warn"}),
    ("spf-missing", {"fail"}),
    ("spf-multiple", {"fail"}),
    ("spf-not-authorised", {"fail"}),
    ("spf-syntax", {"fail"}),
    ("spf-non-ascii", {"fail"}),
    ("spf-leading-space", {"fail"}),
    ("spf-after-all", {"fail"}),
    ("spf-plus-all", {"fail"}),
    ("spf-too-many-lookups", {"fail"}),
    ("spf-include-missing", {"fail"}),
    ("spf-loop", {"fail"}),
    ("spf-type99", {"fail"}),
    ("spf-no-all", {"warn"}),
    ("spf-softfail", {"info"}),
    ("spf-open", {"fail"}),
    ("spf-others-fail", {"warn"}),
    ("spf-joined-value", {"warn"}),
    ("dkim-missing", {"fail"}),
    ("dkim-truncated", {"fail"}),
    ("dkim-key-mismatch", {"fail"}),
    ("dkim-revoked", {"fail"}),
    ("dkim-multiple", {"fail", "warn"}),
    ("dkim-cname-broken", {"fail"}),
    ("dkim-quotes-in-key", {"fail"}),
    ("dkim-weak-key", {"fail", "warn"}),
    ("dkim-test-flag", {"warn"}),
    ("dkim-unverified", {"info"}),
    ("dkim-unknown", {"info"}),
    ("dkim-no-key", {"info"}),
    ("dmarc-missing", {"warn"}),
    ("dmarc-before-dkim", {"fail"}),
    ("dmarc-multiple", {"fail"}),
    ("dmarc-syntax", {"fail"}),
    ("dmarc-policy-none", {"warn", "info"}),
    ("dmarc-testing", {"warn"}),
    ("dmarc-rua-not-authorised", {"warn"}),
    ("dmarc-rua-syntax", {"warn"}),
    ("dmarc-cname-and-txt", {"warn"}),
    ("dmarc-subdomain-weaker", {"warn"}),
    ("dmarc-removed-tags", {"info"}),
    ("dmarc-pct", {"warn"}),
    ("dmarc-psd", {"warn"}),
    ("webmail-wrong-target", {"warn"}),
    ("autodiscover-foreign", {"warn"}),
    ("autoconfig-foreign", {"warn"}),
    ("optional-missing", {"info"}),
    ("name-doubled", {"fail"}),
    ("mx-wrong-name", {"fail"}),
    ("dkim-wrong-name", {"fail"}),
    ("dmarc-wrong-name", {"fail"}),
    ("txt-literal-quotes", {"fail"}),
    ("txt-literal-backslash", {"fail"}),
    ("txt-too-long", {"fail", "warn"}),
    ("spf-blank-lost", {"fail"}),
    ("wildcard-txt", {"fail", "warn"}),
    ("wildcard-cname", {"fail", "warn", "info"}),
    ("proxied-mail", {"fail", "warn"}),
    ("idn", {"info"}),
    ("subdomain", {"info"}),
    ("not-in-mailcow", {"fail"}),
    ("off-in-mailcow", {"fail"}),
    ("selector-differs", {"fail"}),
    ("server-side", {"info"}),
    ("ns-disagree", {"warn"}),
    ("ns-all-lame", {"fail"}),
    ("ns-parent-differs", {"warn"}),
    ("ns-no-tcp", {"warn"}),
    ("ns-single", {"info"}),
    ("propagating", {"info"}),
    ("propagating-negative", {"info"}),
)

# What the judges say in `what` and the like, in the form of a code.
NO_CODES = {"spf-include"}
_OTHERS = ("dns", "apex", "domain", "alias", "name-doubled", "txt-literal", "wildcard", "proxied")
_PREFIXES = "|".join((*(check.value for check in Check), *_OTHERS))
_CODE = re.compile(rf"(?:{_PREFIXES})(?:-[a-z0-9]+)+")

# What a fact may be, by its name. A text that a template compares is each of these, and another.
_SOME = ("a.example", "b.example", "c.example", "d.example", "e.example", "f.example")
_LISTS: dict[str, tuple[Fact, ...]] = {
    "names": (_SOME[:1], _SOME[:2], _SOME),
    "others": (_SOME[:1], _SOME[:3]),
    "shorts": (("@",), ("@", "_dmarc"), _SOME[:1]),
    "targets": (_SOME[:1], _SOME[:2]),
    "addresses": (_SOME[:1], _SOME[:2]),
    "allowed": ((), _SOME[:1], _SOME[:2]),
    "left_out": ((), _SOME[:5]),
    "left_out_bare": ((), _SOME[:1], _SOME[:2]),
    **{
        f"left_out_{reason}": (_SOME[: 1 + number % 2],)
        for number, reason in enumerate(LeftOutReason)
        if reason is not LeftOutReason.BARE
    },
    "kept": ((), _SOME[:1], _SOME[:2], _SOME[:5]),
    "ports": (_SOME[:1], _SOME[:2]),
    "void_names": (_SOME[:1], _SOME[:2]),
    "terms": (_SOME[:1], _SOME[:2]),
    "tags": (_SOME[:1], _SOME[:3]),
    "servers": (_SOME[:2],),
    "behind": ((), _SOME[:1], _SOME[:2]),
    "odd": ((), _SOME[:1], _SOME[:2]),
    "says": (_SOME[:2], ("", "x.example")),
    "only_above": ((), _SOME[:1], _SOME[:2]),
    "only_own": (_SOME[:1], _SOME[:2]),
    "beside": ((), _SOME[:1], _SOME[:2], _SOME[:5]),
    "tails": (_SOME[:1], _SOME[:2], _SOME[:5]),
    "providers": ((), _SOME[:1], _SOME[:2]),
    "there": (_SOME[:1], _SOME[:2]),
    "typed_at": ((), _SOME[:2]),
}
_TEXTS: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("parent", "suggestion", "replacement"), ("", "x.example")),
    **dict.fromkeys(("detail", "server", "contact", "alias"), ("", "x.example")),
    "network": ("", "192.0.2.0/24"),
    **dict.fromkeys(("type", "ending", "address"), (None, "x.example")),
    **dict.fromkeys(("webmail_url", "password_url"), ("", "https://mx1.cow.example/")),
    "policy": ("", "quarantine", "reject"),
}
_NUMBERS: dict[str, tuple[Fact, ...]] = {
    "count": (1, 2, 7),
    "until": (None, 1_796_000_000),
    **dict.fromkeys(("kept_count", "left_out_count"), (7,)),
    "more": (0, 2),
    "bits": (512, 1024, 2048),
    "cut_at": (None, 254),
    "have": (255, 390),
    "want": (None, 392),
    **dict.fromkeys(("priority", "ours", "position", "lookups", "limit"), (10,)),
    **dict.fromkeys(("questions", "bytes"), (30,)),
    "share": (1, 5),
    "voids": (0, 1, 2),
    "version": (4, 6),
    "percent": (12, 100),
    "void_limit": (2,),
    "days": (1, 7),
    "status": (404,),
    "characters": (10_000,),
}
_FLAGS = (
    *(
        "certain",
        "former",
        "optional",
        "typed_above",
        "below",
        "circle",
        "dated",
        "dead",
        "dnssec",
        "equal",
        "has_dkim",
        "is_example",
        "known",
        "moved",
        "named",
        "switch",
        "usual",
        "only",
    ),
    *(
        "like_ours",
        "neutral",
        "nowhere",
        "over_limit",
        "ours_there",
        "own",
        "pieces",
        "pop",
        "published",
    ),
    *("ready", "repeat", "right"),
    *("late", "unasked", "unknown", "website"),
    *("enforced", "everywhere", "over", "proven", "registry"),
    *("apart", "goes", "holds", "offered", "stays"),
)
_FACTS = {**_LISTS, **_TEXTS, **_NUMBERS, **dict.fromkeys(_FLAGS, (True, False))}
_OWN: dict[str, dict[str, tuple[Fact, ...]]] = {  # where a fact is not the same everywhere
    **{
        f"findings/server-ptr-{kind}": {"address": ("192.0.2.1",), "astray": ((), _SOME[:1])}
        for kind in ("missing", "unconfirmed", "several", "generic", "other-name")
    },
    "errors/mailcow-address-refused": {"address": ("192.0.2.1",)},
    "findings/dmarc-missing": {"target": ("", "x.example")},
    "findings/dkim-key-mismatch": {"position": (0, 45)},
    "findings/dkim-syntax": {"want": (392,)},
    "findings/domain-not-found": {"zone": (None, "x.example")},
    "findings/spf-include-missing": {"target": ("", "x.example")},
    "findings/spf-no-all": {"term": ("", "x.example")},
    "findings/ns-disagree": {"type": ("TXT",)},
    "findings/wildcard-record": {"type": ("MX",)},
    "findings/dnssec-expiring": {"type": ("TXT",), "until": (1_796_000_000,)},
    "findings/propagating": {"type": ("TXT",)},
    "findings/propagating-negative": {"type": ("TXT",)},
    "notes/cached-old": {"type": ("TXT",)},
    "notes/dmarc-inherited": {"parent": ("x.example",), "policy": ("reject",)},
    "notes/dmarc-weaker-than-handed-out": {"have": ("quarantine",), "want": ("reject",)},
}
_COMPARED = re.compile(r"\b(\w+) (?:==|in|not in) (\"[^\"]*\"|\([^)]*\))")
_INCLUDED = re.compile(r'{% include "en/([^"]*)\.j2" %}')
_WRONG = (
    "  ",
    " .",
    " ,",
    " ;",
    " :",
    "( ",
    " )",
    "()",
    "..",
    ",,",
    ", .",
    "None",
    "True",
    "False",
)
_ENVIRONMENT = jinja2.Environment(autoescape=False)  # noqa: S701 - only parses


def templates(folder: str) -> list[str]:
    return sorted(f"{folder}/{path.stem}" for path in (EN / folder).glob("*.j2"))


def codes_with_words(folder: str) -> set[str]:
    return {name.removeprefix(f"{folder}/") for name in templates(folder)}


def judges() -> Iterator[ast.AST]:
    for path in sorted(CHECKS.rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def said_by_the_judges() -> set[str]:
    constants = (node.value for node in judges() if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def sources(template: str) -> Iterator[str]:
    """Give the source of a template and of those that it includes."""
    source = (EN / f"{template}.j2").read_text(encoding="utf-8")
    yield source
    for name in jinja2.meta.find_referenced_templates(_ENVIRONMENT.parse(source)):
        assert name is not None, "only names that stand there are included"
        yield from sources(name.removeprefix("en/").removesuffix(".j2"))


def choices(template: str) -> dict[str, list[Fact]]:
    """Return every fact that a template uses, with what it may be."""
    texts = list(sources(template))
    used = (_ENVIRONMENT.parse(text).find_all(jinja2.nodes.Name) for text in texts)
    names = {node.name for nodes in used for node in nodes}
    compared: dict[str, set[str]] = {}
    for name, values in (pair for text in texts for pair in _COMPARED.findall(text)):
        compared.setdefault(name, set()).update(re.findall(r"\"([^\"]*)\"", values))
    facts = {**_FACTS, **_OWN.get(template, {})}
    return {
        name: list(facts.get(name, (*sorted(compared.get(name, ())), "x.example")))
        for name in sorted(names)
    }


def combinations(template: str) -> Iterator[Mapping[str, Fact]]:
    options = choices(template)
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


def faults_of(said: str, *, sentence: bool) -> list[str]:
    bare = said.replace("`", "").replace(" ._domainkey", " _domainkey")
    faults = [wrong for wrong in _WRONG if wrong in bare]
    if sentence and not said.endswith("."):
        faults.append("no full stop")
    if not sentence and said.endswith((".", " ")):
        faults.append("a full stop")
    return faults


@pytest.fixture(params=list(Medium), ids=lambda medium: medium.value)
def words(request: pytest.FixtureRequest) -> Words:
    return Words(request.param)


def test_every_code_of_the_contract_has_words() -> None:
    assert {code for code, _ in CONTRACT} <= codes_with_words("findings")


def test_every_code_of_the_contract_is_said_with_its_severity() -> None:
    allowed = dict(CONTRACT)
    for call in (node for node in judges() if isinstance(node, ast.Call)):
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        codes = {a.value for a in arguments if isinstance(a, ast.Constant)} & allowed.keys()
        severities = {
            a.attr.lower()
            for a in arguments
            if isinstance(a, ast.Attribute) and ast.unparse(a.value) == "Status"
        }
        for code in codes:
            assert severities <= allowed[str(code)], code


def test_whatever_the_judges_say_has_words() -> None:
    said = {text for text in said_by_the_judges() if _CODE.fullmatch(text)}
    assert said - NO_CODES <= codes_with_words("findings") | codes_with_words("notes")


@pytest.mark.parametrize("folder", ["findings", "notes"])
def test_no_words_are_for_a_code_that_nobody_says(folder: str) -> None:
    assert codes_with_words(folder) <= said_by_the_judges()


def test_every_part_is_used() -> None:
    others = [path for path in EN.rglob("*.j2") if path.parent.name != "parts"]
    used = {name for path in others for name in _INCLUDED.findall(path.read_text(encoding="utf-8"))}
    assert used == set(templates("parts"))


@pytest.mark.parametrize("template", templates("findings"))
def test_a_finding_is_sentences_whatever_its_facts(template: str, words: Words) -> None:
    for facts in combinations(template):
        said = words.sentence(template, facts)
        assert faults_of(said, sentence=True) == [], (said, facts)


@pytest.mark.parametrize("template", [*templates("errors"), *templates("names")])
def test_an_error_is_sentences_whatever_its_facts(template: str, words: Words) -> None:
    for facts in combinations(template):
        said = words.sentence(template, facts)
        assert faults_of(said, sentence=True) == [], (said, facts)


@pytest.mark.parametrize("template", templates("notes"))
def test_a_note_goes_on_after_a_colon(template: str, words: Words) -> None:
    for facts in combinations(template):
        said = words.sentence(template, facts)
        assert faults_of(said, sentence=False) == [], (said, facts)
        assert not re.match(r"[A-Z][a-z]", said)


@pytest.mark.parametrize("template", [*ADVICE, *(f"records/{p.value}" for p in Purpose)])
def test_advice_and_reasons_are_sentences(template: str, words: Words) -> None:
    for facts in combinations(template):
        said = words.sentence(template, facts)
        if said or template not in NOTHING_SAID:
            assert faults_of(said, sentence=True) == [], (said, facts)


@pytest.mark.parametrize("folder", ["mail", "records"])
def test_no_advice_and_no_reason_is_left_over(folder: str) -> None:
    wanted = {*ADVICE, *(f"records/{purpose.value}" for purpose in Purpose)}
    assert set(templates(folder)) <= wanted


@pytest.mark.parametrize("template", [*templates("hints"), *templates("hosting"), "steps/typed_in"])
def test_hints_and_places_are_sentences(template: str, words: Words) -> None:
    for facts in combinations(template):
        said = words.sentence(template, facts)
        assert faults_of(said, sentence=True) == [], (said, facts)


def test_no_hint_is_left_over_and_none_is_missing() -> None:
    source = (CHECKS.parent / "records" / "provider_form.py").read_text(encoding="utf-8")
    said = {name for name in codes_with_words("hints") if f'"{name}"' in source}
    assert said == codes_with_words("hints") - {"full-name", "srv-fields"}  # said of values


def test_nothing_is_left_out_of_a_list_without_saying_so(words: Words) -> None:
    many: dict[str, Fact] = {"names": _SOME[:5], "count": 7}
    assert "and 2 more" in words.sentence("parts/mx_names", many)
    # Records of the same name are no further names.
    assert "more" not in words.sentence("parts/mx_names", {"names": _SOME[:1], "count": 2})


def test_a_name_that_is_not_known_is_not_said(words: Words) -> None:
    facts: dict[str, Fact] = {"names": (), "what": "webmail", "domain": "friend.example"}
    assert words.sentence("findings/not-needed", facts).startswith("This name is already")
