"""The cards of rotations: what admins and members read in each state, and what they can press."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import dns.name
import pytest
from discord import ui
from rich.console import Console

from bot.cards.items import RotationAction
from bot.cards.layout import DANGER
from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.rotation_card import (
    build_rotation_card,
    build_stuck_card,
    build_undo_question,
    offer_actions,
)
from bot.cards.rotation_details import build_rotation_details
from bot.cards.rotation_member_cards import MemberView
from bot.cards.rotations_overview_card import build_rotations_card
from bot.checks.dkim.server_records import RecordState, ServerRecord, ServerRecords, dump_servers
from bot.checks.zone_place import ZonePlace
from bot.console.rotation_page import show_rotation
from bot.errors import BackendUnreachable, RequestError
from bot.rotations.rotation import RotationNews, RotationState, RotationStep
from bot.rotations.rotation_service import BegunDue, RefusedRotation
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from rotation_examples import (
    BOTH,
    ITEMS,
    LACKING,
    MANY,
    MEMBERS_NEWS,
    NOW,
    WORDS,
    admins_card,
    cards,
    due,
    entries,
    members_card,
    rotations,
    servers,
)
from rotation_parts import FRIEND, NEW, NOON, OLD, make_rotation
from zone_reports import SERVER

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.rotations.rotation import Rotation

_A, _N, _S, _T = RotationAction, RotationNews, RotationState, RotationStep
ROTATIONS = rotations()


def text_of(card: Card) -> str:
    items = card.view.walk_children()
    return "\n".join(item.content for item in items if isinstance(item, ui.TextDisplay))


def admins(name: str) -> str:
    return text_of(admins_card(ROTATIONS[name]))


def member(name: str, news: RotationNews) -> str:
    return text_of(members_card(ROTATIONS[name], news))


def test_every_card_keeps_to_the_limits_of_discord() -> None:
    for name, card in cards():
        components, characters = measure(card.view)
        assert components <= MOST_COMPONENTS, name
        assert 0 < characters <= MOST_CHARACTERS, name


def test_the_card_says_which_key_signs_and_which_comes() -> None:
    said = admins("prepared")
    assert "**Signs now:** `dkim` · 2048 bits\n**Next:** `cb202611a` · 2048 bits" in said
    assert "Begun by <@7>" in said
    said = admins("switched")
    assert "**Signs now:** `cb202611a` · 2048 bits\n**Before:** `dkim` · 2048 bits" in said
    assert "**Not used:** `cb202611a`" in admins("undone")


def test_a_pasted_ed25519_key_is_named_by_its_kind_on_the_card_and_the_console() -> None:
    value = f"v=DKIM1; k=ed25519; p={b64encode(bytes(range(32))).decode()}"
    rotation = make_rotation(_S.PREPARED, by_hand=True, value=value, bits=256)
    assert "**Next:** `cb202611a` · Ed25519" in text_of(admins_card(rotation))
    page = StringIO()
    show_rotation(Console(file=page, width=200), rotation, Words(Medium.PLAIN))
    assert "cb202611a, Ed25519" in page.getvalue()


@pytest.mark.parametrize("name", ["switching", "undoing, stuck", "failed on the way back"])
def test_where_nobody_knows_which_key_signs_the_card_does_not_say_so(name: str) -> None:
    said = admins(name)
    assert "Signs now" not in said
    assert "**One of these two signs**" in said


@pytest.mark.parametrize(
    ("state", "step"), [(_S.SWITCHING, _T.KEEP_FORMER), (_S.UNDOING, _T.DROP_NEXT)]
)
def test_before_and_after_the_call_that_changes_it_the_old_key_signs(
    state: RotationState, step: RotationStep
) -> None:
    rotation = make_rotation(state, step=step, switched_at=NOON)
    assert "**Signs now:** `dkim`" in text_of(admins_card(rotation))


def test_while_it_is_taken_back_after_a_switch_the_member_keeps_both_records() -> None:
    going = make_rotation(_S.UNDOING, step=_T.DROP_NEXT, switched_at=NOON)
    said = text_of(members_card(going, _N.RECORD))
    assert "is being taken back. Keep both records until you hear more." in said
    assert "The old key signs, and I take the spare copies" in text_of(admins_card(going))
    assert "go back to the old key" in admins("undoing, stuck")
    assert "The old key signs, and" in admins("undoing")


def test_what_ended_with_a_reason_says_what_is_left_to_do() -> None:
    said = admins("undone, left behind")
    assert "`rotate --leftovers --remove`" in said
    assert "> Nothing answers at https" in said
    assert "leftovers" not in admins("undone, not published")


def test_nothing_is_said_of_name_servers_that_nobody_asked() -> None:
    assert "I have not asked the name servers for the new record yet." in admins("prepared")
    assert "No name server has the new record yet." in admins("prepared, looked")
    empty = make_rotation(_S.PREPARED, servers=servers())
    assert "I could not find out which name servers" in text_of(admins_card(empty))


def test_name_servers_that_lack_something_stand_on_the_card_a_few_of_them() -> None:
    said = admins("published")
    assert "1 of 3 name servers has the new record. I ask again at <t:" in said
    assert "`ns1.host.example`" not in said
    assert "`ns2.host.example` · new record ❌ missing · old record ✅" in said
    assert "`ns3.host.example` · new record ❓ no answer" in said
    assert admins("published, all wrong").count("ns") < 6
    assert "and 10 more" in admins("published, all wrong")


def test_until_the_switch_the_card_says_what_it_may_cost() -> None:
    warning = "a mail can leave unsigned, for much less than a second"
    for name in ("preparing", "prepared", "published", "live"):
        assert warning in admins(name)
    for name in ("switched", "undone", "live by hand"):
        assert warning not in admins(name)


def test_until_when_caches_keep_the_old_answer_is_a_time() -> None:
    said = admins("published, cached")
    assert "Caches may keep “not there” until <t:" in said
    over = replace(ROTATIONS["published, cached"], caches_until=NOW - timedelta(seconds=1))
    assert "Caches" not in text_of(admins_card(over))


def test_a_switch_that_no_mail_has_proved_is_not_called_proved() -> None:
    assert "**Not proved by a mail yet**" in admins("switched")
    assert "`/testmail`" in admins("switched")
    rotation = ROTATIONS["switched"]
    without = build_rotation_card(rotation, WORDS, ITEMS, now=NOW, probe=False)
    assert "/testmail" not in text_of(without)
    assert "✅ A mail that the new key had signed was checked" in admins("switched, proved")
    for name in ("prepared", "live", "switching", "undone after the switch"):
        assert "proved" not in admins(name)


def test_a_way_back_says_what_is_still_cached_where() -> None:
    said = admins("undone after the switch")
    assert "The new record has to stay until <t:" in said
    assert "`ns1.host.example` does not have the old record, so have it put back." in said
    assert "caches may say “not there” for 1 hour" in said
    assert "does not have the old record" not in admins("undone")


def test_where_nobody_can_be_given_the_record_the_admin_is_told() -> None:
    def said(rotation: Rotation, members: int | None) -> str:
        card = build_rotation_card(rotation, WORDS, ITEMS, now=NOW, probe=True, members=members)
        return text_of(card)

    for members, told in ((0, True), (1, False), (None, False)):
        assert ("I know nobody" in said(ROTATIONS["prepared"], members)) is told
    assert "I know nobody" not in said(ROTATIONS["live"], 0)


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("preparing", [_A.UNDO, _A.DETAILS, _A.SHOW]),
        ("preparing by hand", [_A.PASTE, _A.UNDO, _A.DETAILS, _A.SHOW]),
        ("prepared", [_A.UNDO, _A.DETAILS, _A.SHOW]),
        ("live", [_A.SWITCH, _A.UNDO, _A.DETAILS, _A.SHOW]),
        ("live by hand", [_A.SWITCHED, _A.UNDO, _A.DETAILS, _A.SHOW]),
        ("switched", [_A.UNDO, _A.DETAILS, _A.SHOW]),
        ("retiring", [_A.DETAILS, _A.SHOW]),
        ("retired", [_A.DETAILS]),
        ("undoing", [_A.DETAILS, _A.SHOW]),
        ("undoing by hand", [_A.RESTORED, _A.DETAILS, _A.SHOW]),
        ("undone", [_A.DETAILS]),
        ("failed", [_A.DETAILS]),
    ],
)
def test_each_state_offers_what_can_be_done_in_it(name: str, actions: list[RotationAction]) -> None:
    assert list(offer_actions(ROTATIONS[name])) == actions


def test_a_record_that_was_pasted_can_be_put_right() -> None:
    assert _A.PASTE in offer_actions(make_rotation(_S.PREPARED, by_hand=True))
    assert _A.PASTE not in offer_actions(make_rotation(_S.PUBLISHED, by_hand=True))


def test_by_hand_the_card_lists_the_steps() -> None:
    said = admins("preparing by hand")
    assert "1. Make a new key of 2048 bits there with the selector `cb202611a`." in said
    assert "“Paste the new record”" in said


def test_what_is_stuck_says_why_and_what_it_means_for_mail() -> None:
    card = build_stuck_card(ROTATIONS["switching, stuck"], WORDS, ITEMS, locked=True)
    said = text_of(card)
    assert said.startswith("## ❌ The change of a DKIM key is stuck")
    assert "Mail may leave unsigned until it does" in said
    assert "> Nothing answers at https" in said
    assert "Call the mail server again" in [button.label for button in buttons(card)]


def test_what_was_stuck_and_went_on_says_so() -> None:
    said = text_of(build_stuck_card(ROTATIONS["switched"], WORDS, ITEMS))
    assert said.startswith("## ✅ The change of a DKIM key went on")
    assert "🔑 switched" in said


def test_going_back_is_asked_about_with_what_it_means() -> None:
    rotation = replace(ROTATIONS["switched"], servers=LACKING)
    card = build_undo_question(rotation, WORDS, ITEMS)
    said = text_of(card)
    assert "The old key `dkim` signs again at once." in said
    assert "has to stay for 7 days" in said
    assert "`ns1.host.example` does not have the old record" in said
    container = card.view.children[0]
    assert isinstance(container, ui.Container)
    assert getattr(container.accent_colour, "value", container.accent_colour) == DANGER


def test_details_have_the_record_every_name_server_and_what_was_done() -> None:
    said = text_of(build_rotation_details(ROTATIONS["published"], entries(), WORDS))
    assert "`cb202611a._domainkey.friend.example` TXT" in said
    assert NEW.record.text in said
    assert said.count("ns") >= 3
    assert "Admin <@7>: **making the new key**" in said
    assert said.index("**ready to switch**") < said.index("**making the new key**")


def test_long_details_are_cut_where_they_say_so() -> None:
    rotation = make_rotation(_S.PUBLISHED, servers=MANY)
    card = build_rotation_details(rotation, entries(200), WORDS)
    assert measure(card.view)[1] <= MOST_CHARACTERS
    said = text_of(card)
    assert "and 3 more" in said  # name servers
    assert "and 190 more" in said


def test_the_member_is_given_the_new_record_and_keeps_the_old_one() -> None:
    said = member("prepared", _N.RECORD)
    assert "**keep the old one** at `dkim._domainkey.friend.example` until I tell you" in said
    assert f"```\n{NEW.record.text}\n```" in said
    assert "**Add this record:**" in said
    assert "Name `cb202611a._domainkey` · Type `TXT` · TTL `3600`" in said


def test_the_record_is_said_in_the_words_of_the_members_provider() -> None:
    place = ZonePlace(dns.name.from_text("friend.example"), ("ns1.hetzner.com.",))
    view = MemberView(SERVER, place, "cloudflare")
    card = members_card(ROTATIONS["prepared"], _N.RECORD, view)
    assert "Content:" in text_of(card)  # Cloudflare's word for a value
    assert any(b.url for b in buttons(card))


def test_once_all_have_it_the_member_has_nothing_to_do() -> None:
    for name in ("published, cached", "live", "switching"):
        said = member(name, _N.RECORD)
        assert "All your name servers have the new record" in said
        assert "```" not in said


def test_whoever_put_it_in_the_place_of_the_old_one_is_told_to_add_that_again() -> None:
    rotation = make_rotation(_S.PUBLISHED, servers=LACKING)
    said = text_of(members_card(rotation, _N.RECORD))
    assert "⚠️ **The old record is missing or wrong** at `ns1.host.example`." in said
    assert f"```\n{OLD.record.text}\n```" in said
    assert NEW.record.text not in said


def test_after_the_switch_a_test_mail_is_asked_for_where_that_can_be() -> None:
    said = member("switched", _N.SWITCHED)
    assert "Keep the old record at `dkim._domainkey.friend.example` until <t:" in said
    assert said.endswith("Please send me a test mail with this command: </testmail:1>")
    without = members_card(ROTATIONS["switched"], _N.SWITCHED, MemberView(SERVER))
    assert "test mail" not in text_of(without)
    proved = member("switched, proved", _N.SWITCHED)
    assert "✅ A mail that the new key had signed was checked" in proved
    assert "</testmail:1>" not in proved


def test_a_week_later_the_old_record_is_to_be_deleted() -> None:
    said = member("retired", _N.REMOVE)
    assert "**Delete this record:**\nName `dkim._domainkey` · Type `TXT`" in said
    assert NEW.record.text[-20:] not in said
    unproved = replace(ROTATIONS["retired"], proved_at=None)
    assert text_of(members_card(unproved, _N.REMOVE)).endswith("</testmail:1>")


def test_after_an_undo_the_member_reads_which_records_stay_and_go() -> None:
    said = member("undone", _N.UNDONE)
    assert "**Keep the old record** at `dkim._domainkey.friend.example`" in said
    assert "**Delete this record:**\nName `cb202611a._domainkey`" in said
    said = member("undone after the switch", _N.UNDONE)
    assert "Keep the new record until <t:" in said
    assert "**Delete this record:**" not in said
    assert f"```\n{OLD.record.text}\n```" in said  # a name server lacks it
    whole = replace(ROTATIONS["undone after the switch"], servers=BOTH)
    said = text_of(members_card(whole, _N.UNDONE))
    assert "```" not in said
    assert "you can delete the new record at `cb202611a._domainkey.friend.example`." in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("switched", "The new key signs the mail of `friend.example` now. Keep both records"),
        ("retired", "This record stays, and the old one can be deleted."),
        ("undone", "This record is not needed any more, and the old one is."),
        ("undone after the switch", "Keep this record until <t:"),
        ("failed", "This record is not needed any more, and the old one is."),
        ("undoing, stuck", "Keep both records until you hear more."),
    ],
)
def test_the_first_message_says_later_what_is_true_then(name: str, said: str) -> None:
    text = member(name, _N.RECORD)
    assert said in text
    assert "```" not in text


def test_what_is_for_admins_is_no_members_card() -> None:
    with pytest.raises(ValueError, match="No member is told"):
        members_card(ROTATIONS["prepared"], _N.CARD)


def test_the_overview_lists_what_is_under_way_and_due() -> None:
    card = build_rotations_card((ROTATIONS["live"],), (due(),), WORDS, ITEMS)
    said = text_of(card)
    assert "One key is being changed. One more is due: it is old or short." in said
    assert "**#1** `friend.example` · 🟢 ready to switch" in said
    assert "`old.example` · `dkim` · 1024 bits · first seen <t:" in said
    assert "at most 20 of these a day" in said
    assert [b.label for b in buttons(card)] == ["Begin those that are due"]
    nothing = build_rotations_card((), (), WORDS, ITEMS)
    assert "No key is being changed. None is due." in text_of(nothing)
    assert buttons(nothing) == []


def test_the_overview_says_what_was_begun_refused_and_left() -> None:
    refused = RefusedRotation(
        FRIEND, RequestError("rotation-domain-absent", domain="friend.example")
    )
    begun = BegunDue((ROTATIONS["preparing"],), (refused,), 3)
    said = text_of(build_rotations_card((), (due(),), WORDS, ITEMS, begun=begun))
    assert "One rotation was begun. 3 more are due; only 20 are begun a day." in said
    assert "### Not begun\n`friend.example`: friend.example is not on the mail server" in said


def test_where_nobody_can_tell_what_is_due_the_overview_says_why() -> None:
    fault = BackendUnreachable("mailcow-unreachable", url="https://mail.cow.example")
    card = build_rotations_card((), fault, WORDS, ITEMS)
    assert "I could not find out which others are due:" in text_of(card)
    assert "> Nothing answers at https" in text_of(card)
    assert buttons(card) == []


def test_a_long_overview_is_cut() -> None:
    many = [due(f"d{n}.example") for n in range(60)]
    open_ones = [replace(ROTATIONS["live"], id=n) for n in range(60)]
    refused = tuple(
        RefusedRotation(key.domain, RequestError("rotation-domain-off", domain=str(key.domain)))
        for key in many
    )
    begun = BegunDue((), refused, 9)
    card = build_rotations_card(open_ones, many, WORDS, ITEMS, begun=begun)
    assert measure(card.view)[1] <= MOST_CHARACTERS
    assert "and 55 more" in text_of(card)


def buttons(card: Card) -> list[ui.Button[ui.LayoutView]]:
    found = (getattr(item, "item", item) for item in card.view.walk_children())
    return [item for item in found if isinstance(item, ui.Button)]


NASTY = ("@everyone", "<@&1>", "`", "```", "\n# big", "[text](https://evil.example/)", "x" * 4000)
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_of_a_mail_server_or_a_name_server_stays_data(text: str) -> None:
    old = replace(OLD, selector=text, record=replace(OLD.record, text=text))
    has = ServerRecord(text, RecordState.MISSING, RecordState.MISSING)
    held = dump_servers(ServerRecords((has,) * 30))
    hostile = make_rotation(_S.PUBLISHED, old=old, value=text, reason=text, servers=held)
    for state in _S:
        rotation = replace(hostile, state=state, switched_at=NOON)
        drawn = [
            admins_card(rotation),
            build_stuck_card(rotation, WORDS, ITEMS),
            build_undo_question(rotation, WORDS, ITEMS),
            build_rotation_details(rotation, entries(), WORDS),
            *(members_card(rotation, news) for news in MEMBERS_NEWS),
        ]
        for card in drawn:
            assert measure(card.view)[1] <= MOST_CHARACTERS
            bare = _CODE.sub("", text_of(card)).replace("<@7>", "")
            assert not re.search(r"(?<!\\)(@everyone|<@|\[text\]\()", bare)
            assert "\n# big" not in text_of(card)
