from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import jinja2.compiler
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.words
from bot.characters import LONGEST_VALUE, reveal, shorten
from bot.checks.answers import unanswered
from bot.checks.finding import Check
from bot.dns.answer import Answer, Outcome, Question
from bot.errors import CodedError, ConfigError, TextError, UsageError
from bot.words import Medium, Words, _CompiledTemplates

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "en" / f"{name}.j2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_escape_sequences_are_written_out() -> None:
    assert reveal("a\x1b[31mb\u202ec\u200bd\u00a0e") == "a\\x1b[31mb\\u202ec\\u200bd\\xa0e"


def test_ordinary_letters_of_any_script_stay() -> None:
    assert reveal("blåbær ↔ ボウル – ok") == "blåbær ↔ ボウル – ok"


@given(st.text())
def test_revealed_text_is_printable(text: str) -> None:
    assert all(c == " " or c.isprintable() for c in reveal(text))


def test_long_values_are_shortened() -> None:
    assert shorten("x" * 500) == "x" * (LONGEST_VALUE - 1) + "…"


def test_a_value_is_never_taken_as_template(tmp_path: Path) -> None:
    write(tmp_path, "findings/x", "It says {{ value | code }} and {{ value }}.")
    said = Words(own=tmp_path).sentence("findings/x", {"value": "{{7*7}}{% raw %}"})
    assert said == "It says {{7*7}}{% raw %} and {{7*7}}{% raw %}."


def test_discord_text_cannot_leave_its_code_span_or_ping(tmp_path: Path) -> None:
    write(tmp_path, "findings/x", "{{ value | code }} {{ value }}")
    said = Words(Medium.DISCORD, tmp_path).sentence("findings/x", {"value": "`@everyone` **x**"})
    assert said == r"`ˋ@everyoneˋ **x**` \`\@everyone\` \*\*x\*\*"


def test_lists_are_joined_as_people_write_them(tmp_path: Path) -> None:
    write(tmp_path, "findings/x", "{{ names | join_words }}")
    words = Words(own=tmp_path)
    assert words.sentence("findings/x", {"names": ("a", "b", "c")}) == "a, b and c"
    assert words.sentence("findings/x", {"names": ("a",)}) == "a"


def test_what_stands_on_a_screen_is_a_way_through_menus_and_drives_no_markdown(
    tmp_path: Path,
) -> None:
    write(tmp_path, "x", "Open {{ way | menu }}.\n\n  Tap   {{ word | menu }}. ")
    facts = {"way": ("Settings", "Add *account*"), "word": ("Next",)}
    assert Words(own=tmp_path).lines("x", facts) == (
        "Open “Settings → Add *account*”.",
        "Tap “Next”.",
    )
    assert Words(Medium.DISCORD, tmp_path).lines("x", facts) == (
        r"Open **Settings → Add \*account\***.",
        "Tap **Next**.",
    )


def test_a_value_that_is_not_given_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "findings/x", "{{ nothing }}")
    with pytest.raises(TextError, match=r"en/findings/x\.j2.*'nothing' is undefined"):
        Words(own=tmp_path).sentence("findings/x", {})


def test_an_expression_that_cannot_be_computed_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "findings/x", "{{ domain + 1 }}")
    with pytest.raises(TextError, match=r"en/findings/x\.j2"):
        Words(own=tmp_path).sentence("findings/x", {"domain": "friend.example"})


def test_own_templates_go_before_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, "findings/mx-missing", "No MX at {{ domain }}.")
    assert Words(own=tmp_path).sentence("findings/mx-missing", {"domain": "d"}) == "No MX at d."


def test_a_broken_own_template_stops_the_start(tmp_path: Path) -> None:
    write(tmp_path, "findings/mx-missing", "{{ domain")
    with pytest.raises(ConfigError, match=r"TEMPLATES_DIR: en/findings/mx-missing\.j2"):
        Words(own=tmp_path)


def test_an_expected_failure_is_worded_by_the_template_of_its_code(tmp_path: Path) -> None:
    write(tmp_path, "errors/name-too-odd", "Sorry, {{ name }} is too odd.")
    error = CodedError("name-too-odd", name="a*b")
    assert Words(own=tmp_path).error(error) == "Sorry, a*b is too odd."
    assert Words(Medium.DISCORD, own=tmp_path).error(error) == r"Sorry, a\*b is too odd."
    assert str(error) == "name-too-odd (name='a*b')"
    assert Words().error(UsageError("Say which one.")) == "Say which one."


def test_a_question_that_was_not_asked_is_not_called_refused_by_a_server() -> None:
    answer = Answer(Question.of("mx.friend.example", "A"), Outcome.REFUSED, unasked=True)
    said = Words().finding(unanswered(Check.MX, answer), {})
    assert said.startswith("I did not ask for the A record of mx.friend.example: ")
    assert "refuse" not in said


def test_a_question_for_which_there_was_no_time_is_blamed_on_nobody() -> None:
    answer = Answer(Question.of("mx.friend.example", "A"), Outcome.TIMEOUT, late=True)
    said = Words().finding(unanswered(Check.MX, answer), {})
    assert "I ended the check before I knew the A record of mx.friend.example" in said
    assert "Nobody answered" not in said


def compile_in(folder: Path, medium: Medium = Medium.PLAIN) -> Words:
    """Return words whose own templates are in this folder, and what these are compiled to."""
    words = Words(medium, folder)
    words._environment.bytecode_cache = _CompiledTemplates(folder)
    words._environment.cache = {}  # it was filled when the own templates were tried
    return words


@pytest.fixture
def _keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python may keep what it compiled, whatever the tests are run with."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.mark.usefixtures("_keeps")
def test_a_template_is_kept_compiled_until_its_text_changes(tmp_path: Path) -> None:
    write(tmp_path, "own", "{{ name }} is there.")
    assert compile_in(tmp_path).sentence("own", {"name": "MX"}) == "MX is there."
    (kept,) = (tmp_path / "__pycache__").iterdir()
    before = kept.stat().st_mtime_ns
    assert compile_in(tmp_path).sentence("own", {"name": "SPF"}) == "SPF is there."
    assert kept.stat().st_mtime_ns == before
    write(tmp_path, "own", "{{ name }} is missing.")
    assert compile_in(tmp_path).sentence("own", {"name": "SPF"}) == "SPF is missing."
    assert list((tmp_path / "__pycache__").iterdir()) == [kept]


@pytest.mark.usefixtures("_keeps")
def test_what_is_kept_of_a_template_serves_every_medium(tmp_path: Path) -> None:
    write(tmp_path, "own", "{{ 'a*b' }} {{ 'c' | code }} {{ 3600 | duration }}")
    assert compile_in(tmp_path).sentence("own", {}) == "a*b c 1 hour"
    assert compile_in(tmp_path, Medium.DISCORD).sentence("own", {}) == r"a\*b `c` 1 hour"


@pytest.mark.usefixtures("_keeps")
def test_what_is_kept_of_a_template_is_left_alone_when_it_is_damaged(tmp_path: Path) -> None:
    write(tmp_path, "own", "{{ name }}")
    assert compile_in(tmp_path).sentence("own", {"name": "MX"}) == "MX"
    (kept,) = (tmp_path / "__pycache__").iterdir()
    whole = kept.read_bytes()
    for octets in (*range(0, len(whole), 7), len(whole) - 1):
        kept.write_bytes(whole[:octets])
        assert compile_in(tmp_path).sentence("own", {"name": "MX"}) == "MX", octets
        assert kept.read_bytes() == whole


@pytest.mark.usefixtures("_keeps")
@pytest.mark.parametrize("module", [bot.words, jinja2.compiler])
def test_a_template_is_compiled_anew_by_another_version_of_the_program(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "own", "{{ name }}")
    compile_in(tmp_path).sentence("own", {"name": "MX"})
    (kept,) = (tmp_path / "__pycache__").iterdir()
    before = kept.stat().st_mtime_ns
    other = tmp_path / "other.py"
    shutil.copyfile(str(module.__file__), other)  # the same text, written later
    monkeypatch.setattr(module, "__file__", str(other))
    assert compile_in(tmp_path).sentence("own", {"name": "MX"}) == "MX"
    assert kept.stat().st_mtime_ns > before


@pytest.mark.usefixtures("_keeps")
def test_each_python_keeps_what_it_compiled_for_itself(tmp_path: Path) -> None:
    write(tmp_path, "own", "{{ name }}")
    compile_in(tmp_path).sentence("own", {"name": "MX"})
    (kept,) = (tmp_path / "__pycache__").iterdir()
    assert str(sys.implementation.cache_tag) in kept.name


@pytest.mark.usefixtures("_keeps")
def test_words_need_no_folder_that_can_be_written(tmp_path: Path) -> None:
    write(tmp_path, "own", "{{ name }}")
    (tmp_path / "__pycache__").write_text("a file")
    assert compile_in(tmp_path).sentence("own", {"name": "MX"}) == "MX"
