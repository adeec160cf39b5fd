"""Which calls to Discord are right while another process may be the one that speaks there."""

from __future__ import annotations

import pytest

from bot.interactions.sending_fence import is_answering, is_reading

LOOKS = [
    ("GET", "/api/v10/users/@me"),
    ("GET", "/api/v10/guilds/1/members/2"),
]
ANSWERS = [
    ("POST", "/api/v10/interactions/1234/a-token/callback"),
    ("PATCH", "/api/v10/webhooks/77/a-token/messages/@original"),
    ("POST", "/api/v10/webhooks/77/a-token"),
]
OTHERS = [
    ("POST", "/api/v10/channels/55/messages"),
    ("PATCH", "/api/v10/channels/55/messages/66"),
    ("PUT", "/api/v10/applications/77/commands"),
    ("POST", "/api/v10/users/@me/channels"),
]


@pytest.mark.parametrize("call", LOOKS)
def test_a_look_changes_nothing_at_discord(call: tuple[str, str]) -> None:
    assert is_reading(call)
    assert is_answering(call)


@pytest.mark.parametrize("call", ANSWERS)
def test_who_has_left_goes_on_to_answer_interactions(call: tuple[str, str]) -> None:
    assert is_answering(call)
    assert not is_reading(call)


@pytest.mark.parametrize("call", OTHERS)
def test_messages_and_commands_are_kept_in(call: tuple[str, str]) -> None:
    assert not is_answering(call)
    assert not is_reading(call)
