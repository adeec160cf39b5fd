"""The buttons and choices of cards: which custom_id each has, and which handler reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.cards.items import (
    CheckAction,
    MailTestAction,
    OwnRequestAction,
    PrivacyAction,
    RequestAction,
    RotationAction,
    SentMailAction,
    WatchAction,
)
from bot.interactions import item_factory
from bot.interactions.clicks import Click, ClickHandlers
from bot.interactions.item_factory import (
    APP_SELECT,
    ASK_BUTTON,
    AWAIT_BUTTON,
    AWAIT_SELECT,
    CANCEL_BUTTON,
    CHECK_BUTTON,
    MAIL_TEST_BUTTON,
    NEW_CHECK_BUTTON,
    OVERVIEW_BUTTON,
    OWN_REQUEST_BUTTON,
    PRIVACY_BUTTON,
    PROFILE_BUTTON,
    PROVIDER_SELECT,
    QR_BUTTON,
    REQUEST_BUTTON,
    SENT_MAIL_BUTTON,
    SERVER_BUTTON,
    SETTINGS_BUTTON,
    STAGE_SELECT,
    UNLOCK_BUTTON,
    UNTESTED_BUTTON,
    WATCH_BUTTON,
    PersistentItems,
)
from bot.requests.model import RequestKind
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.interactions.clicks import PersistentItem

HIGHEST = 10**18 - 1
DOMAINS = ("friend.example", f"{'a' * 63}.{'b' * 63}.example")  # one fits into a custom_id
ITEMS = PersistentItems(Words(Medium.DISCORD))
TEMPLATES = {
    name: value
    for name, value in vars(item_factory).items()
    if name.endswith(("_BUTTON", "_SELECT"))
}

# The custom_ids of cards that have been in Discord since the first version.
OF_OLD = [
    ("cowbell:again:7", CHECK_BUTTON, {"action": "again", "check": "7"}),
    ("cowbell:why:7", CHECK_BUTTON, {"action": "why", "check": "7"}),
    ("cowbell:records:7", CHECK_BUTTON, {"action": "records", "check": "7"}),
    ("cowbell:zone:7", CHECK_BUTTON, {"action": "zone", "check": "7"}),
    ("cowbell:share:7", CHECK_BUTTON, {"action": "share", "check": "7"}),
    (
        "cowbell:why:friend.example:7",
        CHECK_BUTTON,
        {"action": "why", "domain": "friend.example", "check": "7"},
    ),
    ("cowbell:new:friend.example", NEW_CHECK_BUTTON, {"domain": "friend.example"}),
    (
        "cowbell:ask:dkim:friend.example:7",
        ASK_BUTTON,
        {"kind": "dkim", "domain": "friend.example", "check": "7"},
    ),
    ("cowbell:ask:dkim:7", ASK_BUTTON, {"kind": "dkim", "check": "7"}),
    ("cowbell:ask:dmarc:7", ASK_BUTTON, {"kind": "dmarc", "check": "7"}),
    ("cowbell:ask:maildomain:7", ASK_BUTTON, {"kind": "maildomain", "check": "7"}),
    ("cowbell:ask:webmail:7", ASK_BUTTON, {"kind": "webmail", "check": "7"}),
    ("cowbell:req:withdraw:12", OWN_REQUEST_BUTTON, {"action": "withdraw", "request": "12"}),
    ("cowbell:req:dmarc:12", OWN_REQUEST_BUTTON, {"action": "dmarc", "request": "12"}),
    ("cowbell:req:approve:12", REQUEST_BUTTON, {"action": "approve", "request": "12"}),
    ("cowbell:req:deny:12", REQUEST_BUTTON, {"action": "deny", "request": "12"}),
    ("cowbell:req:limits:12", REQUEST_BUTTON, {"action": "limits", "request": "12"}),
    ("cowbell:req:check:12", REQUEST_BUTTON, {"action": "check", "request": "12"}),
    ("cowbell:req:done:12", REQUEST_BUTTON, {"action": "done", "request": "12"}),
    ("cowbell:req:retry:12", REQUEST_BUTTON, {"action": "retry", "request": "12"}),
    ("cowbell:req:paste:12", REQUEST_BUTTON, {"action": "paste", "request": "12"}),
    ("cowbell:req:add:12", REQUEST_BUTTON, {"action": "add", "request": "12"}),
    ("cowbell:req:byhand:12", REQUEST_BUTTON, {"action": "byhand", "request": "12"}),
    ("cowbell:req:resend:12", REQUEST_BUTTON, {"action": "resend", "request": "12"}),
    ("cowbell:req:again:12", OWN_REQUEST_BUTTON, {"action": "again", "request": "12"}),
    ("cowbell:req:stage:12", STAGE_SELECT, {"request": "12"}),
    (
        "cowbell:privacy:delete:99:12",
        PRIVACY_BUTTON,
        {"action": "delete", "member": "99", "newest": "12"},
    ),
    ("cowbell:privacy:ask:99:0", PRIVACY_BUTTON, {"action": "ask", "member": "99", "newest": "0"}),
    (
        "cowbell:privacy:keep:99:0",
        PRIVACY_BUTTON,
        {"action": "keep", "member": "99", "newest": "0"},
    ),
    ("cowbell:provider:7", PROVIDER_SELECT, {"check": "7"}),
    ("cowbell:provider:next:7", PROVIDER_SELECT, {"card": "next", "check": "7"}),
    ("cowbell:provider:all:7", PROVIDER_SELECT, {"card": "all", "check": "7"}),
    ("cowbell:provider:a-b.friend.example", PROVIDER_SELECT, {"domain": "a-b.friend.example"}),
    ("cowbell:server:again", SERVER_BUTTON, {}),
    ("cowbell:mailcow:unlock", UNLOCK_BUTTON, {}),
    ("cowbell:app:ann@friend.example", APP_SELECT, {"who": "ann@friend.example"}),
    ("cowbell:app:friend.example", APP_SELECT, {"who": "friend.example"}),
    ("cowbell:app", APP_SELECT, {}),
    ("cowbell:settings:ann@friend.example", SETTINGS_BUTTON, {"who": "ann@friend.example"}),
    ("cowbell:settings", SETTINGS_BUTTON, {}),
    ("cowbell:profile:ann@friend.example", PROFILE_BUTTON, {"who": "ann@friend.example"}),
    ("cowbell:profile", PROFILE_BUTTON, {}),
    ("cowbell:qr", QR_BUTTON, {}),
    ("cowbell:mailtest:look:7", MAIL_TEST_BUTTON, {"action": "look", "test": "7"}),
    ("cowbell:mailtest:details:7", MAIL_TEST_BUTTON, {"action": "details", "test": "7"}),
    ("cowbell:mailtest:another:7", MAIL_TEST_BUTTON, {"action": "another", "test": "7"}),
    ("cowbell:sentmail:arrived:7", SENT_MAIL_BUTTON, {"action": "arrived", "mail": "7"}),
    ("cowbell:sentmail:lost:7", SENT_MAIL_BUTTON, {"action": "lost", "mail": "7"}),
    (
        "cowbell:req:untested:12:reject",
        UNTESTED_BUTTON,
        {"request": "12", "stage": "reject"},
    ),
    (
        "cowbell:await:mx+dkim-key:friend.example:7",
        AWAIT_BUTTON,
        {"goal": "mx+dkim-key", "domain": "friend.example", "check": "7"},
    ),
    ("cowbell:await:all:7", AWAIT_BUTTON, {"goal": "all", "check": "7"}),
    (
        "cowbell:await-one:friend.example:7",
        AWAIT_SELECT,
        {"domain": "friend.example", "check": "7"},
    ),
    ("cowbell:await-end:7", CANCEL_BUTTON, {"awaited": "7"}),
    (
        "cowbell:watch:add:friend.example",
        WATCH_BUTTON,
        {"action": "add", "domain": "friend.example"},
    ),
    ("cowbell:watch:overview", OVERVIEW_BUTTON, {}),
]
FORGED = [
    "cowbell:again:",
    "cowbell:again:-1",
    "cowbell:again:1234567890123456789",
    "cowbell:again:7:8",
    "cowbell:again:friend.example:",
    "cowbell:again:nodot:8",
    "cowbell:new:nodot",
    "cowbell:new:7",
    "cowbell:delete:7",
    "cowbell:req:approve:x",
    "cowbell:req:live:7",
    "cowbell:req:add:7:",
    "cowbell:proof:nodot",
    "cowbell:proof:",
    "cowbell:privacy:delete:99",
    "cowbell:provider:nodot",
    "cowbell:provider:UPPER.example",
    "cowbell:ask:mail:7",
    "cowbell:app:",
    "cowbell:app:ann @friend.example",
    "cowbell:qr:7",
    "cowbell:await::7",
    "cowbell:await:+mx:7",
    "cowbell:await:MX:7",
    "cowbell:watch:add:nodot",
    "cowbell:watch:kill:friend.example",
    "again:7",
    "",
]


async def _ignore(_: discord.Interaction[Any], __: Click) -> None:
    """Do nothing."""


def handlers() -> ClickHandlers:
    found = ClickHandlers()
    for template in TEMPLATES.values():
        found.add(template, _ignore)
    return found


def every_item() -> Iterator[PersistentItem]:
    for check in CheckAction:
        for domain in DOMAINS:
            yield ITEMS.check_button(check, HIGHEST, domain)
    for kind in RequestKind:
        for domain in DOMAINS:
            yield ITEMS.ask_button(kind, HIGHEST, domain)
    anew = ITEMS.new_check_button(DOMAINS[0])
    assert anew is not None
    yield anew
    yield ITEMS.withdraw_button(HIGHEST)
    yield ITEMS.again_button(HIGHEST)
    yield ITEMS.dmarc_button(HIGHEST)
    for action in RequestAction:
        yield ITEMS.request_button(action, HIGHEST)
        yield ITEMS.request_button(action, HIGHEST, accepts_risk=True)
    proof = ITEMS.proof_button(DOMAINS[0])
    assert proof is not None
    yield proof
    yield ITEMS.stage_select(HIGHEST, ("none", "quarantine", "reject"))
    for privacy in PrivacyAction:
        yield ITEMS.privacy_button(privacy, 2**64 - 1, HIGHEST)
    for subject in (str(HIGHEST), "friend.example"):
        select = ITEMS.provider_select(subject, [discord.SelectOption(label="any")])
        assert select is not None
        yield select
    yield ITEMS.server_button()
    yield ITEMS.unlock_button()
    for who in ("", "friend.example", "ann@friend.example"):
        yield ITEMS.app_select(who, [discord.SelectOption(label="any")], "Choose")
        yield ITEMS.settings_button(who)
        yield ITEMS.profile_button(who)
    yield ITEMS.qr_button()
    for test in MailTestAction:
        yield ITEMS.mail_test_button(test, HIGHEST)
    for sent in SentMailAction:
        yield ITEMS.sent_mail_button(sent, HIGHEST)
    for domain in DOMAINS:
        yield ITEMS.await_button("mx+spf+dkim+dmarc+extras", HIGHEST, domain)
        yield ITEMS.await_select(HIGHEST, domain, [discord.SelectOption(label="any")])
    yield ITEMS.cancel_button(HIGHEST)
    for watch in WatchAction:
        button = ITEMS.watch_button(watch, DOMAINS[0])
        assert button is not None
        yield button
    yield ITEMS.overview_button()
    for stage in ("quarantine", "reject"):
        yield ITEMS.untested_button(HIGHEST, stage)
    for rotation_action in RotationAction:
        yield ITEMS.rotation_button(rotation_action, HIGHEST)
    yield ITEMS.begin_due_button()


def test_an_address_too_long_for_a_button_gives_way_to_its_domain_and_that_to_nobody() -> None:
    domain = f"{'b' * 60}.example"
    assert ITEMS.profile_button(f"ann@{domain}").custom_id == f"cowbell:profile:ann@{domain}"
    long = f"{'a' * 40}@{domain}"
    assert ITEMS.profile_button(long).custom_id == f"cowbell:profile:{domain}"
    assert ITEMS.profile_button(f"ann@{'c' * 60}.{domain}").custom_id == "cowbell:profile"


def test_a_domain_too_long_for_a_button_has_none_of_its_proof_and_its_watch() -> None:
    assert ITEMS.proof_button("a" * 60 + "." + "b" * 60 + ".example") is None
    assert ITEMS.watch_button(WatchAction.ADD, "a" * 60 + "." + "b" * 60 + ".example") is None


def test_a_button_says_that_its_admin_knows_the_risk() -> None:
    item = ITEMS.request_button(RequestAction.ADD, 12, accepts_risk=True)
    _, click = handlers().find(item.custom_id)
    assert click == Click({"action": "add", "request": "12", "risk": ":risk"})


@pytest.mark.parametrize(("custom_id", "template", "parts"), OF_OLD)
def test_a_card_from_before_an_update_is_still_understood(
    custom_id: str, template: str, parts: dict[str, str]
) -> None:
    assert [t for t in TEMPLATES.values() if re.fullmatch(t, custom_id)] == [template]
    handler, click = handlers().find(custom_id, ("chosen",))
    assert handler is _ignore
    assert click == Click(parts, ("chosen",))


@pytest.mark.parametrize("custom_id", FORGED)
def test_what_no_card_has_is_handled_by_nobody(custom_id: str) -> None:
    assert handlers().find(custom_id) == (None, None)


def test_each_item_is_read_by_one_template_and_each_template_reads_one() -> None:
    read = set()
    for item in every_item():
        assert len(item.custom_id) <= 100
        (name,) = [n for n, template in TEMPLATES.items() if re.fullmatch(template, item.custom_id)]
        read.add(name)
    assert read == set(TEMPLATES)
    assert len(OwnRequestAction) == 3  # each has a method of its own


def test_each_item_has_a_custom_id_of_its_own() -> None:
    ids = [item.custom_id for item in every_item()]
    assert len(ids) == len(set(ids))


def test_a_domain_that_no_custom_id_holds_gets_no_choice() -> None:
    option = [discord.SelectOption(label="any")]
    name = "a" * 60 + ".example"
    assert ITEMS.provider_select(name, option) is not None
    assert ITEMS.provider_select("b" * 60 + "." + name, option) is None
