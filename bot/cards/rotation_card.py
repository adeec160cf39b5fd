"""The admin's cards of a rotation: how far it is, what comes next, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.items import RotationAction
from bot.cards.layout import DANGER, ROTATION_COLOURS, assemble
from bot.cards.markdown import clip, moment, say_remark
from bot.cards.request_card import mention
from bot.cards.rotation_words import (
    MOST_SERVERS,
    count_facts,
    say_lacking,
    show_key,
    show_server,
    state_word,
    title_of,
)
from bot.checks.dkim.server_records import RecordState, load_servers
from bot.checks.finding import Status
from bot.requests.failure import say_failure
from bot.rotations.call_outcomes import lasting_reason
from bot.rotations.rotation import AWAITING_RECORD, KEPT_FOR, UNDOABLE, RotationState
from bot.rotations.rotation_view import (
    Signer,
    new_key_type,
    signer_of,
    state_key,
    stays_until,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.checks.dkim.server_records import ServerRecord
    from bot.errors import Fact
    from bot.rotations.rotation import Rotation
    from bot.words import Words

_LONGEST_REASON: Final = 600  # characters
_LACKING: Final = frozenset({RecordState.MISSING, RecordState.OTHER})
# In these the record of a key that was made by hand is taken, or put right.
TAKES_RECORD: Final = frozenset({RotationState.PREPARING, RotationState.PREPARED})
_STUCK: Final = frozenset(
    {
        RotationState.PREPARING,
        RotationState.SWITCHING,
        RotationState.RETIRING,
        RotationState.UNDOING,
        RotationState.FAILED,
    }
)


def build_rotation_card(
    rotation: Rotation,
    words: Words,
    items: ItemFactory,
    *,
    now: datetime,
    probe: bool,
    locked: bool = False,
    members: int | None = None,
    remark: str = "",
) -> Card:
    """Return the card of a rotation as it is, with the buttons of its state.

    `probe`: test mails can be sent. `locked`: the mail server is not called until an admin says so.
    `members` is how many are told of it, None where that is not known; `remark` is said below the
    title.
    """
    return assemble(
        [
            [_head(rotation, words), f"-# {remark}" if remark else ""],
            [_say_keys(rotation, words)],
            [
                _say_next(rotation, words, now),
                _say_proof(rotation, words, probe=probe),
                _say_servers(rotation, words),
                _say_nobody(rotation, words) if members == 0 else "",
                _quote_reason(rotation, words),
                _say_gap(rotation, words),
            ],
        ],
        colour=ROTATION_COLOURS[rotation.state],
        buttons=[
            *([items.unlock_button()] if locked else []),
            *(items.rotation_button(action, rotation.id) for action in offer_actions(rotation)),
        ],
    )


def build_stuck_card(
    rotation: Rotation, words: Words, items: ItemFactory, *, locked: bool = False
) -> Card:
    """Return that a rotation does not get on, why, and what that means for mail.

    Where it got on since, it says so. `locked` as in `build_rotation_card`.
    """
    # A reason that is there no more was the last call's, which came through since.
    is_stuck = rotation.state in _STUCK and bool(rotation.reason)
    facts: dict[str, Fact] = {
        "state": rotation.state.value if is_stuck else "",
        "unsure": signer_of(rotation) is Signer.UNSURE,
    }
    status = Status.FAIL if is_stuck else Status.PASS
    mark = words.label("marks", status.value)
    title = words.label("rotation", "stuck" if is_stuck else "went-on")
    actions = [a for a in offer_actions(rotation) if not is_stuck or a is not RotationAction.SHOW]
    return assemble(
        [
            [f"## {mark} {title}\n{title_of(rotation, words)} · {state_word(rotation, words)}"],
            [words.sentence("discord/rotation_stuck", facts), _quote_reason(rotation, words)],
        ],
        colour=DANGER if is_stuck else ROTATION_COLOURS[rotation.state],
        buttons=[
            *([items.unlock_button()] if locked and is_stuck else []),
            *(items.rotation_button(action, rotation.id) for action in actions),
        ],
    )


def build_undo_question(rotation: Rotation, words: Words, items: ItemFactory) -> Card:
    """Return what it means to go back to the old key now, and the button that does it."""
    facts: dict[str, Fact] = {"old": rotation.old.selector, "days": KEPT_FOR.days}
    return assemble(
        [
            [
                f"## {words.label('rotation', 'sure')}\n{title_of(rotation, words)}",
                words.sentence("discord/rotation_undo", facts),
                say_lacking(rotation, words),
            ]
        ],
        colour=DANGER,
        buttons=[items.rotation_button(RotationAction.SURE, rotation.id)],
    )


def offer_actions(rotation: Rotation) -> Sequence[RotationAction]:
    """Return what an admin can do with a rotation, in the order of the buttons."""
    action, state = RotationAction, rotation.state
    offered: list[RotationAction] = []
    if state is RotationState.LIVE:
        offered.append(action.SWITCHED if rotation.by_hand else action.SWITCH)
    elif rotation.by_hand and state in TAKES_RECORD:
        offered.append(action.PASTE)
    elif rotation.by_hand and state is RotationState.UNDOING:
        offered.append(action.RESTORED)
    if state in UNDOABLE and state is not RotationState.UNDOING:
        offered.append(action.UNDO)
    return [*offered, action.DETAILS, *([action.SHOW] if rotation.open else [])]


def _head(rotation: Rotation, words: Words) -> str:
    mark, word = (
        words.label(group, state_key(rotation)) for group in ("rotation_marks", "rotation_states")
    )
    who = words.label("rotation", "console")
    if rotation.opened_by is not None:
        who = mention(rotation.opened_by, words)
    begun = f"{words.label('rotation', 'begun')} {who} · {moment(rotation.opened_at)}"
    return (
        f"## {title_of(rotation, words)}\n"
        f"{mark} **{word}** · {moment(rotation.changed_at)}\n-# {begun}"
    )


def _say_keys(rotation: Rotation, words: Words) -> str:
    """Return both keys, the one that signs now first."""
    record = rotation.old.record
    old = show_key(rotation.old.selector, record.bits, record.key_type, words)
    new = show_key(rotation.selector, rotation.bits, new_key_type(rotation), words)
    match signer_of(rotation):
        case Signer.NEW:
            lines = (("signs", new), ("former", old))
        case Signer.UNSURE:
            return f"**{words.label('rotation', 'unsure')}**\n{old}\n{new}"
        case Signer.OLD:
            is_over = rotation.state in {RotationState.UNDONE, RotationState.FAILED}
            is_over = is_over or rotation.state is RotationState.UNDOING
            lines = (("signs", old), ("unused" if is_over else "next", new))
    return "\n".join(f"**{words.label('rotation', key)}:** {said}" for key, said in lines)


def _say_next(rotation: Rotation, words: Words, now: datetime) -> str:
    stays, due, caches = stays_until(rotation), rotation.due_at, rotation.caches_until
    facts: dict[str, Fact] = {
        "state": rotation.state.value,
        "by_hand": rotation.by_hand,
        "everywhere": rotation.live_at is not None,
        "caches": None if caches is None or caches <= now else int(caches.timestamp()),
        "due": None if due is None or due <= now else int(due.timestamp()),
        "stays": None if stays is None else int(stays.timestamp()),
        "selector": rotation.selector,
        "old": rotation.old.selector,
        "unsure": signer_of(rotation) is Signer.UNSURE,
        **count_facts(rotation),
        "button": words.plain.label("rotation_buttons", _pressed_next(rotation).value),
    }
    said = words.sentence("discord/rotation_next", facts)
    if not (rotation.by_hand and rotation.state is RotationState.PREPARING):
        return said
    steps: dict[str, Fact] = {
        "bits": rotation.bits,
        "selector": rotation.selector,
        "paste": words.plain.label("rotation_buttons", RotationAction.PASTE.value),
    }
    return f"{said}\n{words.render('discord/rotation_by_hand_steps', steps).strip()}"


def _pressed_next(rotation: Rotation) -> RotationAction:
    if rotation.state is RotationState.UNDOING:
        return RotationAction.RESTORED
    return RotationAction.SWITCHED if rotation.by_hand else RotationAction.SWITCH


def _say_proof(rotation: Rotation, words: Words, *, probe: bool) -> str:
    """Return whether a mail has proved that the new key signs; nothing before the switch."""
    if not rotation.is_switched:
        return ""
    at = rotation.proved_at
    if at is not None:
        mark = words.label("marks", Status.PASS.value)
        return f"{mark} {words.sentence('discord/rotation_proved', {'at': int(at.timestamp())})}"
    mark = words.label("marks", Status.WARN.value)
    return f"{mark} {words.sentence('discord/rotation_unproved', {'probe': probe})}"


def _say_servers(rotation: Rotation, words: Words) -> str:
    """Return what name servers have, those first that lack something; nothing once that is past."""
    records = load_servers(rotation.servers)
    if rotation.state in {RotationState.UNDOING, RotationState.UNDONE}:
        return say_lacking(rotation, words) if rotation.switched_at is not None else ""
    if rotation.state not in AWAITING_RECORD:
        return ""
    odd = [server for server in records.servers if _is_odd(server)]
    lines = [show_server(server, words) for server in odd[:MOST_SERVERS]]
    if rest := len(odd) - len(lines):
        lines.append(f"-# {words.sentence('discord/more_records', {'count': rest})}")
    return "\n".join(lines)


def _say_nobody(rotation: Rotation, words: Words) -> str:
    """Return that nobody was given the new record, while that is waited for."""
    if rotation.state not in AWAITING_RECORD or rotation.live_at is not None:
        return ""
    details = words.plain.label("rotation_buttons", RotationAction.DETAILS.value)
    mark = words.label("marks", Status.WARN.value)
    return f"{mark} {words.sentence('discord/rotation_nobody', {'details': details})}"


def _is_odd(server: ServerRecord) -> bool:
    return server.new is not RecordState.RIGHT or server.old in _LACKING


def _quote_reason(rotation: Rotation, words: Words) -> str:
    """Return why it does not get on, in words that say what to do about it."""
    said = say_failure(rotation.reason, words)
    if not said:
        return ""
    quoted = clip("> " + say_remark(said, words).removeprefix("-# "), _LONGEST_REASON)
    is_over = rotation.state in {RotationState.RETIRED, RotationState.UNDONE}
    if not is_over or lasting_reason(rotation):
        return quoted
    return f"{words.sentence('discord/rotation_left_behind', {})}\n{quoted}"


def _say_gap(rotation: Rotation, words: Words) -> str:
    """Return what a switch may cost, while it is still to come."""
    is_ahead = rotation.state in AWAITING_RECORD or rotation.state is RotationState.PREPARING
    if rotation.by_hand or not is_ahead:
        return ""
    return f"-# {words.sentence('discord/rotation_gap', {})}"
