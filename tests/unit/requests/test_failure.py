"""Why a request failed: kept as a code with facts, and told apart from sentences and own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.errors import BackendRefused, BackendUnreachable, CodedError, StoreError
from bot.names import Domain
from bot.requests.failure import dump_failure, load_failure, say_failure, say_reason
from bot.requests.model import Request, RequestKind, State
from bot.words import Medium, Words

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REFUSED = BackendRefused("mailcow-refused", said="domain_exists", about="friend.example")
OLD = "Mailcow refuses the key in MAILCOW_API_KEY. Look in Mailcow's API settings."


def make_request(state: State, reason: str) -> Request:
    domain = Domain.from_ascii("friend.example")
    return Request(1, RequestKind.DKIM, domain, 100, 200, 1, state, 1, NOON, NOON, reason=reason)


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        BackendUnreachable("mailcow-down", writing=False, status=502),
        CodedError("made-up", names=("a.example", "b.example"), nothing=None),
    ],
)
def test_a_code_and_its_facts_come_back_as_they_were(error: CodedError) -> None:
    kept = load_failure(dump_failure(error))
    assert kept is not None
    assert (kept.code, kept.facts) == (error.code, error.facts)


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_a_failure_is_worded_when_it_is_read(state: State) -> None:
    request = make_request(state, dump_failure(REFUSED))
    said = say_reason(request, Words())
    assert said.startswith("Mailcow has friend.example already")
    assert say_reason(request, Words(Medium.DISCORD)) == said  # the card makes it safe itself


def test_a_failure_is_read_in_the_operators_own_words(tmp_path: Path) -> None:
    (tmp_path / "en" / "errors").mkdir(parents=True)
    (tmp_path / "en" / "errors" / "mailcow-refused.j2").write_text("{{ about }}: {{ said }}, moo.")
    said = say_failure(dump_failure(REFUSED), Words(Medium.DISCORD, tmp_path))
    assert said == "friend.example: domain_exists, moo."


@pytest.mark.parametrize("text", ["", OLD, "42", "null", "[]", '{"code": 1, "facts": {}}', "{"])
def test_any_other_text_is_shown_as_it_is(text: str) -> None:
    assert load_failure(text) is None
    assert say_reason(make_request(State.FAILED, text), Words()) == text


def test_an_admins_own_words_are_never_taken_for_a_code() -> None:
    words = dump_failure(REFUSED)
    assert say_reason(make_request(State.DENIED, words), Words()) == words


def test_a_code_of_another_version_is_shown_with_its_facts() -> None:
    kept = dump_failure(CodedError("of-tomorrow", domain="friend.example"))
    assert say_failure(kept, Words()) == "of-tomorrow (domain='friend.example')"


def test_an_error_without_a_code_is_kept_in_its_own_words() -> None:
    assert dump_failure(StoreError("The disk is full.")) == "The disk is full."
