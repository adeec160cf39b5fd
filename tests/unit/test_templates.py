"""The words: every code has some, none is dead, and none breaks whatever the facts are."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bot.checks
from bot.checks.finding import Check
from bot.records.client_settings import ADVICE
from bot.records.expected import Purpose
from bot.words import Medium, Words
from template_facts import EN, SOME, combinations, templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.errors import Fact

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
NO_CODES = {"spf-include", "dkim-signature"}  # the latter is a header field
_OTHERS = ("dns", "apex", "domain", "alias", "name-doubled", "txt-literal", "wildcard", "proxied")
_PREFIXES = "|".join((*(check.value for check in Check), *_OTHERS))
_CODE = re.compile(rf"(?:{_PREFIXES})(?:-[a-z0-9]+)+")

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


def codes_with_words(folder: str) -> set[str]:
    return {name.removeprefix(f"{folder}/") for name in templates(folder)}


def judges() -> Iterator[ast.AST]:
    for path in sorted(CHECKS.rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def said_by_the_judges() -> set[str]:
    constants = (node.value for node in judges() if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


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
    many: dict[str, Fact] = {"names": SOME[:5], "count": 7}
    assert "and 4 more" in words.sentence("parts/mx_names", many)
    # Records of the same name are no further names.
    assert "more" not in words.sentence("parts/mx_names", {"names": SOME[:1], "count": 2})


def test_a_name_that_is_not_known_is_not_said(words: Words) -> None:
    facts: dict[str, Fact] = {"names": (), "what": "webmail", "domain": "friend.example"}
    assert words.sentence("findings/not-needed", facts).startswith("This name is already")
