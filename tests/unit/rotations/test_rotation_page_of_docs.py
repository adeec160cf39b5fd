"""docs/rotation.md says of each state what the card says."""

from __future__ import annotations

import re
from pathlib import Path

from bot.rotations.rotation import RotationState
from bot.words import Words

PAGE = Path(__file__).parents[3] / "docs" / "rotation.md"
# How it may end instead, of which a paragraph tells.
BESIDES = {RotationState.UNDOING, RotationState.UNDONE, RotationState.FAILED}


def test_the_page_lists_each_state_by_the_word_on_the_card() -> None:
    words, text = Words(), PAGE.read_text(encoding="utf-8")
    on_the_way = [*(s.value for s in RotationState if s not in BESIDES), "cached"]
    table = text.partition("| on the card |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(words.label("rotation_states", key) for key in on_the_way)
    for state in BESIDES:
        assert f"“{words.label('rotation_states', state.value)}”" in text
