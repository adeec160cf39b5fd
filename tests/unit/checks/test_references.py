"""Why: every finding has a reason and one section of an RFC, and nothing else has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bot.checks
from bot.checks.finding import EXTRAS, Check, Finding, Status
from bot.checks.references import Reference, load_references
from bot.words import Medium, Words, shipped_templates

if TYPE_CHECKING:
    from collections.abc import Iterable

EN = shipped_templates() / "en"
CONTRACT = Path(__file__).parents[2] / "data" / "contract_codes.txt"
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
SAID_OF_SEVERAL = [("optional-missing", check.value) for check in {Check.WEBMAIL, *EXTRAS}]
RFCS = {
    "spf": {7208},
    "dkim": {1035, 2181, 6376, 8301},
    "dmarc": {2181, 9989, 9990},
    "mx": {1035, 2181, 5321, 7505, 8461},
    "srv": {6186},
    "mta-sts": {8461},
    "tls-rpt": {8460},
    "dane": {7672},
    "dnssec": {4035},
    "caa": {8659},
}
_SECTION = re.compile(r"(?:[1-9]\d?|[A-Z])(?:\.[1-9]\d?){0,4}")
_END = re.compile(r"[.!?](?=\s|$)")


def names_in(folder: str) -> set[str]:
    return {path.stem for path in (EN / folder).glob("*.j2")}


def contract_codes() -> set[str]:
    lines = CONTRACT.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def all_references() -> Iterable[Reference]:
    references = load_references()
    yield from references.by_code.values()
    for by_check in references.by_check.values():
        yield from by_check.values()


def test_every_finding_and_every_code_of_the_contract_has_a_reason_and_a_reference() -> None:
    wanted = names_in("findings") | contract_codes()
    assert wanted - names_in("reasons") == set()
    assert wanted - load_references().by_code.keys() == set()


def test_no_reason_and_no_reference_is_for_a_code_that_nobody_says() -> None:
    wanted = names_in("findings") | contract_codes()
    references = load_references()
    assert names_in("reasons") - wanted == set()
    assert references.by_code.keys() - wanted == set()
    assert references.by_check.keys() - wanted == set()


def test_no_code_has_two_references_of_its_own() -> None:
    path = Path(bot.checks.__file__).parent / "references.toml"
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    assert raw.keys() == {"rules", "by_check"}
    assert all(len(row) == 2 for row in raw["rules"].values())


def test_a_reference_is_a_section_of_an_rfc_that_is_in_force() -> None:
    for reference in all_references():
        assert _SECTION.fullmatch(reference.section), reference
        assert 1000 < reference.rfc < 10_000
        # Replaced by others that are cited instead.
        assert reference.rfc not in {974, 2821, 4408, 4871, 6844, 7489, 9091}


@pytest.mark.parametrize("prefix", RFCS)
def test_a_finding_is_explained_by_the_rfcs_of_its_subject(prefix: str) -> None:
    rows = load_references().by_code.items()
    found = {reference.rfc for code, reference in rows if code.startswith(f"{prefix}-")}
    assert found <= RFCS[prefix]


def test_a_section_and_an_appendix_are_linked_and_named() -> None:
    section = Reference(7208, "4.6.4")
    assert section.url == "https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4"
    assert section.name == "RFC 7208, section 4.6.4"
    appendix = Reference(9989, "C.5.2")
    assert appendix.url == "https://www.rfc-editor.org/rfc/rfc9989#appendix-C.5.2"
    assert appendix.name == "RFC 9989, appendix C.5.2"


@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("code", sorted(names_in("reasons")))
def test_a_reason_is_two_or_three_short_sentences(code: str, medium: Medium) -> None:
    words = Words(medium)
    checks = {"", *Check, *(check for _, check in SAID_OF_SEVERAL)}
    for check in checks:
        said = words.sentence(f"reasons/{code}", {**CONTEXT, "check": str(check)})
        assert 2 <= len(_END.findall(said)) <= 3, said
        assert said.endswith(".")
        assert 80 < len(said) < 420, said
        assert "  " not in said
        if medium is Medium.DISCORD:  # nothing of ours formats by accident
            assert not re.search(r"[*_~|<>]", re.sub(r"`[^`]*`", "", said)), said


def test_what_is_said_of_several_checks_has_a_reason_and_a_rule_for_each() -> None:
    references = load_references()
    words = Words()
    assert {(c, check) for c, rows in references.by_check.items() for check in rows} == {
        *SAID_OF_SEVERAL
    }
    reasons = {
        words.sentence(f"reasons/{code}", {**CONTEXT, "check": check})
        for code, check in SAID_OF_SEVERAL
    }
    assert len(reasons) == len(SAID_OF_SEVERAL)


def test_the_reference_of_a_check_goes_before_that_of_the_code() -> None:
    references = load_references()
    webmail = Finding(Check.WEBMAIL, "optional-missing", Status.INFO)
    autoconfig = Finding(Check.AUTOCONFIG, "optional-missing", Status.INFO)
    assert references.of(webmail) == Reference(1034, "3.6.2")
    assert references.of(autoconfig) == Reference(6186, "4")
