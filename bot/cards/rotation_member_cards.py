"""What members are told of a rotation: which record to add, to keep and to delete, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.cards.fixes import build_panel_link, can_be_shown, show_fix, show_place
from bot.cards.items import CheckAction
from bot.cards.layout import NEUTRAL, ROTATION_COLOURS, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, span, width
from bot.cards.rotation_words import say_lacking
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.server_records import load_servers
from bot.checks.finding import Fix, FixAction, Status
from bot.checks.zone_place import ZonePlace
from bot.names import text_of
from bot.records.providers import choose_provider
from bot.rotations.rotation import AWAITING_RECORD, RotationNews, RotationState
from bot.rotations.rotation_view import Signer, signer_of, stays_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.rotations.rotation import Rotation
    from bot.words import Words

_ADD_OLD: Final = "rotation_add_old"  # what a member is told where the old record is missing


@dataclass(frozen=True, slots=True)
class MemberView:
    """What a member's card of a rotation is drawn with besides the rotation.

    `place` is where the domain's records are typed, None where that is not known; `chosen` is the
    key of the provider that the member chose, and `test` the command for a test mail, empty where
    there is none.
    """

    server: MailServer
    place: ZonePlace | None = None
    chosen: str | None = None
    test: str = ""


def build_member_card(
    rotation: Rotation, news: RotationNews, view: MemberView, words: Words, items: ItemFactory
) -> Card:
    """Return what a member is told by these news, as it is true now.

    Raises:
        ValueError: these news are the admins'.

    """
    match news:
        case RotationNews.RECORD:
            texts, fixes = _tell_record(rotation, view, words)
        case RotationNews.SWITCHED:
            texts, fixes = _tell_switched(rotation, view, words)
        case RotationNews.REMOVE:
            texts, fixes = _tell_remove(rotation, view, words)
        case RotationNews.UNDONE:
            texts, fixes = _tell_undone(rotation, view, words)
        case _:
            raise ValueError(f"No member is told of {news.value}.")
    place = view.place or ZonePlace(rotation.domain.name)
    provider = choose_provider(view.chosen, place.name_servers)
    title = words.label("rotation_member", news.value)
    domain = rotation.domain
    name = span(domain.ascii)
    if domain.unicode != domain.ascii:
        name = f"{name} ({span(domain.unicode)})"
    before, after = ["\n".join(filter(None, part)) for part in texts]
    head, where = f"## {title}: {name}\n{before}", show_place(place, words)
    room = MOST_CHARACTERS - sum(map(width, (head, where, after)))
    shown = choose((_versions(fix, place, words, provider) for fix in fixes), room)
    return assemble(
        [[head], [where if shown else "", *shown], [after]],
        colour=ROTATION_COLOURS[rotation.state] if not shown else NEUTRAL,
        buttons=_buttons(rotation, provider, words, items, types=bool(shown)),
    )


def _versions(fix: Fix, place: ZonePlace, words: Words, provider: Provider) -> tuple[str, ...]:
    """Return what is to be typed, and where it is found if it has no room or cannot be shown."""
    again = words.plain.label("buttons", CheckAction.AGAIN.value)
    elsewhere = words.sentence("discord/rotation_in_check", {"again": again})
    if not can_be_shown(fix):
        return (elsewhere,)
    return (show_fix(fix, place.zone, words, provider), elsewhere)


_Texts = tuple[list[str], list[str]]  # what stands before what is to be typed, and after it


def _tell_record(
    rotation: Rotation, view: MemberView, words: Words
) -> tuple[_Texts, Iterable[Fix]]:
    said = words.sentence("discord/rotation_record", _facts(rotation))
    if rotation.state not in AWAITING_RECORD:
        return ([said], []), ()
    warning = say_lacking(rotation, words, _ADD_OLD)
    foot = f"-# {words.sentence('discord/rotation_record_foot', {})}"
    if warning:  # whoever put the new record in the old one's place has mail that is refused now
        return ([said, warning], [foot]), _fix_old(rotation, FixAction.ADD, view)
    if rotation.live_at is not None:
        return ([said], []), ()
    return ([said], [foot]), _fix_new(rotation, FixAction.ADD, view)


def _tell_switched(
    rotation: Rotation, view: MemberView, words: Words
) -> tuple[_Texts, Iterable[Fix]]:
    said = words.sentence("discord/rotation_switched", _facts(rotation))
    return ([said, _say_proof(rotation, view, words)], []), ()


def _tell_remove(
    rotation: Rotation, view: MemberView, words: Words
) -> tuple[_Texts, Iterable[Fix]]:
    said = words.sentence("discord/rotation_remove", _facts(rotation))
    ask = _say_proof(rotation, view, words) if rotation.proved_at is None else ""
    return ([said], [ask]), _fix_old(rotation, FixAction.DELETE)


def _tell_undone(
    rotation: Rotation, view: MemberView, words: Words
) -> tuple[_Texts, Iterable[Fix]]:
    facts = _facts(rotation)
    said = words.sentence("discord/rotation_undone", facts)
    later = words.sentence("discord/rotation_undone_delete", facts)
    if not facts["stays"]:
        return ([said, later], []), _fix_new(rotation, FixAction.DELETE)
    warning = say_lacking(rotation, words, _ADD_OLD)
    fixes = _fix_old(rotation, FixAction.ADD, view) if warning else ()
    return ([said, "" if warning else later, warning], [later if warning else ""]), fixes


def _say_proof(rotation: Rotation, view: MemberView, words: Words) -> str:
    """Return that a mail has proved the new key, or what asks for one; else nothing."""
    if not rotation.is_switched:
        return ""
    if rotation.proved_at is not None:
        mark = words.label("marks", Status.PASS.value)
        facts: dict[str, Fact] = {"at": int(rotation.proved_at.timestamp())}
        return f"{mark} {words.sentence('discord/rotation_proved', facts)}"
    if not view.test:
        return ""
    return f"{words.sentence('discord/rotation_ask_test', {})} {view.test}"


def _facts(rotation: Rotation) -> dict[str, Fact]:
    stays = stays_until(rotation)
    return {
        "state": rotation.state.value,
        "domain": rotation.domain.ascii,
        "old": _name_of(rotation, rotation.old.selector),
        "new": _name_of(rotation, rotation.selector),
        "everywhere": rotation.live_at is not None,
        "stays": None if stays is None else int(stays.timestamp()),
        "unsure": signer_of(rotation) is Signer.UNSURE or _has_signed(rotation),
        "lacking": bool(load_servers(rotation.servers).lacking_old),
    }


def _has_signed(rotation: Rotation) -> bool:
    """Whether mails by the new key may be under way while its end has no day yet."""
    return rotation.state is RotationState.UNDOING and rotation.switched_at is not None


def _name_of(rotation: Rotation, selector: str) -> str:
    name = selector_name(rotation.domain, selector)
    return selector if name is None else text_of(name)


def _fix_new(rotation: Rotation, action: FixAction, view: MemberView | None = None) -> list[Fix]:
    return _make_fix(rotation, rotation.selector, rotation.value, action, view)


def _fix_old(rotation: Rotation, action: FixAction, view: MemberView | None = None) -> list[Fix]:
    return _make_fix(rotation, rotation.old.selector, rotation.old.record.text, action, view)


def _make_fix(
    rotation: Rotation, selector: str, value: str, action: FixAction, view: MemberView | None
) -> list[Fix]:
    """Return what to do with a key's record; nothing where its name would be too long."""
    owner = selector_name(rotation.domain, selector)
    if owner is None:
        return []
    ttl = None if view is None else view.server.record_ttl
    return [Fix(action, owner, "TXT", value, ttl=ttl)]


def _buttons(
    rotation: Rotation, provider: Provider, words: Words, items: ItemFactory, *, types: bool
) -> list[Item]:
    again = items.new_check_button(rotation.domain.ascii)
    link = build_panel_link(provider, words) if types else []
    return [*([] if again is None else [again]), *link]
