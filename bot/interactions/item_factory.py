"""Makes the buttons and choices of cards, each with a custom_id that its handler reads.

Cards stay in Discord for years, so no template below may cease to match what it matched. A number
has at most eighteen digits, which stays below the highest id of a row, 2^63-1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

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
from bot.interactions.clicks import PersistentItem
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from enum import StrEnum

    from bot.words import Words

_LONGEST_ID: Final = 100  # characters of a custom_id
_LONGEST_LABEL: Final = 80  # characters of a button's label
_STYLE: Final = discord.ButtonStyle


def _any_of(values: Iterable[StrEnum]) -> str:
    return "|".join(value.value for value in values)


_NUMBER: Final = "[0-9]{1,18}"
_DOMAIN: Final = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"

# A stored check may be gone one day; its domain is still known then.
_CHECK: Final = rf"(?:(?P<domain>{_DOMAIN}):)?(?P<check>{_NUMBER})"

CHECK_BUTTON: Final = rf"cowbell:(?P<action>{_any_of(CheckAction)}):{_CHECK}"
ASK_BUTTON: Final = rf"cowbell:ask:(?P<kind>{_any_of(RequestKind)}):{_CHECK}"
NEW_CHECK_BUTTON: Final = rf"cowbell:new:(?P<domain>{_DOMAIN})"
OWN_REQUEST_BUTTON: Final = (
    rf"cowbell:req:(?P<action>{_any_of(OwnRequestAction)}):(?P<request>{_NUMBER})"
)
REQUEST_BUTTON: Final = (
    rf"cowbell:req:(?P<action>{_any_of(RequestAction)}):(?P<request>{_NUMBER})(?P<risk>:risk)?"
)
PROOF_BUTTON: Final = rf"cowbell:proof:(?P<domain>{_DOMAIN})"
STAGE_SELECT: Final = rf"cowbell:req:stage:(?P<request>{_NUMBER})"
PRIVACY_BUTTON: Final = (
    rf"cowbell:privacy:(?P<action>{_any_of(PrivacyAction)})"
    rf":(?P<member>[0-9]{{1,20}}):(?P<newest>{_NUMBER})"
)
PROVIDER_SELECT: Final = (
    rf"cowbell:provider:(?:(?:(?P<card>next|all):)?(?P<check>{_NUMBER})|(?P<domain>{_DOMAIN}))"
)
SERVER_BUTTON: Final = "cowbell:server:again"
MAIL_TEST_BUTTON: Final = (
    rf"cowbell:mailtest:(?P<action>{_any_of(MailTestAction)}):(?P<test>{_NUMBER})"
)
SENT_MAIL_BUTTON: Final = (
    rf"cowbell:sentmail:(?P<action>{_any_of(SentMailAction)}):(?P<mail>{_NUMBER})"
)
UNTESTED_BUTTON: Final = (
    rf"cowbell:req:untested:(?P<request>{_NUMBER}):(?P<stage>quarantine|reject)"
)
UNLOCK_BUTTON: Final = "cowbell:mailcow:unlock"
# Parts of a plan, as `bot.watch.awaited_goal` joins them.
AWAIT_BUTTON: Final = rf"cowbell:await:(?P<goal>[a-z]+(?:[-+][a-z]+)*):{_CHECK}"
AWAIT_SELECT: Final = rf"cowbell:await-one:{_CHECK}"
CANCEL_BUTTON: Final = rf"cowbell:await-end:(?P<awaited>{_NUMBER})"
WATCH_BUTTON: Final = rf"cowbell:watch:(?P<action>{_any_of(WatchAction)}):(?P<domain>{_DOMAIN})"
OVERVIEW_BUTTON: Final = "cowbell:watch:overview"
ROTATION_BUTTON: Final = (
    rf"cowbell:rotation:(?P<action>{_any_of(RotationAction)}):(?P<rotation>{_NUMBER})"
)
BEGIN_DUE_BUTTON: Final = "cowbell:rotations:due"
# Who it is for: a mail address, a domain, or nobody.
_WHO: Final = r"(?::(?P<who>\S+))?"
APP_SELECT: Final = rf"cowbell:app{_WHO}"
SETTINGS_BUTTON: Final = rf"cowbell:settings{_WHO}"
PROFILE_BUTTON: Final = rf"cowbell:profile{_WHO}"
QR_BUTTON: Final = "cowbell:qr"

_REQUEST_STYLES: Final = {
    RequestAction.APPROVE: _STYLE.success,
    RequestAction.ADD: _STYLE.success,
    RequestAction.DONE: _STYLE.success,
    RequestAction.DENY: _STYLE.danger,
    RequestAction.RISK: _STYLE.danger,
    RequestAction.RETRY: _STYLE.primary,
}
_ROTATION_STYLES: Final = {
    RotationAction.SWITCH: _STYLE.primary,
    RotationAction.PASTE: _STYLE.primary,
    RotationAction.SWITCHED: _STYLE.success,
    RotationAction.RESTORED: _STYLE.success,
    RotationAction.UNDO: _STYLE.danger,
    RotationAction.SURE: _STYLE.danger,
}


class PersistentItems:
    """The one `bot.cards.items.ItemFactory`, with labels in these words."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def check_button(self, action: CheckAction, check_id: int, domain: str) -> PersistentItem:
        """Return a button below the card of a stored check of a domain (in ASCII)."""
        style = _STYLE.primary if action is CheckAction.AGAIN else _STYLE.secondary
        label = self._words.label("buttons", action.value)
        return _make_button(_of_check(action.value, domain, check_id), label, style)

    def ask_button(self, kind: RequestKind, check_id: int, domain: str) -> PersistentItem:
        """Return the button that asks the admin for something for a stored check's domain."""
        label = self._words.label("asking", kind.value)
        rest = _of_check(f"ask:{kind.value}", domain, check_id)
        return _make_button(rest, label, _STYLE.success)

    def new_check_button(self, domain: str) -> PersistentItem | None:
        """Return the button that checks a domain (in ASCII) anew; None where its id is too long."""
        rest, label = f"new:{domain}", self._words.label("buttons", CheckAction.AGAIN.value)
        return _make_button(rest, label, _STYLE.primary) if _fits(rest) else None

    def next_button(self, domain: str) -> PersistentItem | None:
        """Return the button that shows a domain's next step; None where its id is too long."""
        rest, label = f"new:{domain}", self._words.label("buttons", "next")
        return _make_button(rest, label, _STYLE.primary) if _fits(rest) else None

    def meant_button(self, domain: str) -> PersistentItem | None:
        """Return the button that checks the domain (in ASCII) that was likely meant.

        None is returned where the custom_id or the label would be too long.
        """
        rest, label = f"new:{domain}", f"{self._words.label('buttons', 'meant')} {domain}"
        if not _fits(rest) or len(label) > _LONGEST_LABEL:
            return None
        return _make_button(rest, label, _STYLE.success)

    def withdraw_button(self, request_id: int) -> PersistentItem:
        """Return the button that withdraws a member's own request."""
        action = OwnRequestAction.WITHDRAW.value
        label = f"{self._words.label('asking', action)} #{request_id}"
        return _make_button(f"req:{action}:{request_id}", label, _STYLE.secondary)

    def again_button(self, request_id: int) -> PersistentItem:
        """Return the button that sends a member again what did not reach them."""
        action = OwnRequestAction.AGAIN.value
        label = f"{self._words.label('asking', action)} #{request_id}"
        return _make_button(f"req:{action}:{request_id}", label, _STYLE.primary)

    def proof_button(self, domain: str) -> PersistentItem | None:
        """Return the button that looks for the record which shows control of a domain (in ASCII).

        None is returned where the custom_id would be too long.
        """
        rest = f"proof:{domain}"
        if not _fits(rest):
            return None
        return _make_button(rest, self._words.label("asking", "proof"), _STYLE.primary)

    def dmarc_button(self, request_id: int) -> PersistentItem:
        """Return the button that asks for DMARC for the domain of a member's own request."""
        action = OwnRequestAction.DMARC.value
        label = self._words.label("asking", action)
        return _make_button(f"req:{action}:{request_id}", label, _STYLE.success)

    def request_button(
        self, action: RequestAction, request_id: int, *, accepts_risk: bool = False
    ) -> PersistentItem:
        """Return an admin's button of a request.

        `accepts_risk`: the admin was told what it means that control of the domain is not shown.
        """
        label = self._words.label("request_buttons", action.value)
        style = _REQUEST_STYLES.get(action, _STYLE.secondary)
        risk = ":risk" if accepts_risk else ""
        return _make_button(f"req:{action.value}:{request_id}{risk}", label, style)

    def stage_select(self, request_id: int, stages: Sequence[str]) -> PersistentItem:
        """Return the admin's choice between DMARC policies, weakest first."""
        options = [
            discord.SelectOption(value=stage, label=self._words.label("stages", stage))
            for stage in stages
        ]
        return _make_select(f"req:stage:{request_id}", options)

    def privacy_button(self, action: PrivacyAction, member_id: int, newest: int) -> PersistentItem:
        """Return a button below the card of a member's data."""
        style = _STYLE.secondary if action is PrivacyAction.KEEP else _STYLE.danger
        label = self._words.label("privacy", action.value)
        return _make_button(f"privacy:{action.value}:{member_id}:{newest}", label, style)

    def provider_select(
        self, subject: str, options: list[discord.SelectOption]
    ) -> PersistentItem | None:
        """Return the choice of the provider; None where the custom_id would be too long."""
        rest = f"provider:{subject}"
        return _make_select(rest, options) if _fits(rest) else None

    def server_button(self) -> PersistentItem:
        """Return the button that checks the mail server itself again."""
        label = self._words.label("buttons", CheckAction.AGAIN.value)
        return _make_button("server:again", label, _STYLE.primary)

    def mail_test_button(self, action: MailTestAction, test_id: int) -> PersistentItem:
        """Return a button of a member's own test mail."""
        style = _STYLE.primary if action is MailTestAction.LOOK else _STYLE.secondary
        label = self._words.label("testmail", action.value)
        return _make_button(f"mailtest:{action.value}:{test_id}", label, style)

    def sent_mail_button(self, action: SentMailAction, mail_id: int) -> PersistentItem:
        """Return the button by which a member says whether a mail to them arrived."""
        style = _STYLE.success if action is SentMailAction.ARRIVED else _STYLE.secondary
        label = self._words.label("testmail", action.value)
        return _make_button(f"sentmail:{action.value}:{mail_id}", label, style)

    def untested_button(self, request_id: int, stage: str) -> PersistentItem:
        """Return the admin's button that goes on with a strict policy without a test mail."""
        label = self._words.label("request_buttons", "untested")
        return _make_button(f"req:untested:{request_id}:{stage}", label, _STYLE.danger)

    def unlock_button(self) -> PersistentItem:
        """Return the button that has the mail server called again after it refused."""
        label = self._words.label("request_buttons", "unlock")
        return _make_button("mailcow:unlock", label, _STYLE.primary)

    def app_select(
        self, who: str, options: list[discord.SelectOption], placeholder: str
    ) -> PersistentItem:
        """Return the choice of the mail app whose steps a card shows."""
        return _make_select(_for_whom("app", who), options, placeholder)

    def settings_button(self, who: str) -> PersistentItem:
        """Return the button that goes back to all settings."""
        label = self._words.label("buttons", "settings")
        return _make_button(_for_whom("settings", who), label, _STYLE.secondary)

    def profile_button(self, who: str) -> PersistentItem:
        """Return the button that makes an Apple profile, and asks for an address without one."""
        label = self._words.label("buttons", "profile")
        return _make_button(_for_whom("profile", who), label, _STYLE.secondary)

    def qr_button(self) -> PersistentItem:
        """Return the button that shows the QR code of the mail server's own page."""
        return _make_button("qr", self._words.label("buttons", "qr"), _STYLE.secondary)

    def await_button(self, goal: str, check_id: int, domain: str) -> PersistentItem:
        """Return the button that has its presser told when a goal of a domain is right."""
        label = self._words.label("watch", "await")
        return _make_button(_of_check(f"await:{goal}", domain, check_id), label, _STYLE.secondary)

    def await_select(
        self, check_id: int, domain: str, options: list[discord.SelectOption]
    ) -> PersistentItem:
        """Return the choice of what to be told of when it is right, whose values are goals."""
        rest = _of_check("await-one", domain, check_id)
        return _make_select(rest, options, self._words.label("watch", "await-one"))

    def cancel_button(self, awaited_id: int, place: int | None = None) -> PersistentItem:
        """Return the button that waits no more for something."""
        label = self._words.label("watch", "cancel" if place is None else "stop")
        text = label if place is None else f"{label} {place}"
        return _make_button(f"await-end:{awaited_id}", text, _STYLE.secondary)

    def watch_button(self, action: WatchAction, domain: str) -> PersistentItem | None:
        """Return a button about being told of a domain; None where its id is too long."""
        rest = f"watch:{action.value}:{domain}"
        label = self._words.label("watch", action.value)
        return _make_button(rest, label, _STYLE.secondary) if _fits(rest) else None

    def overview_button(self) -> PersistentItem:
        """Return the admin's button that shows anew how far the watch is."""
        label = self._words.label("watch", "overview")
        return _make_button("watch:overview", label, _STYLE.secondary)

    def rotation_button(self, action: RotationAction, rotation_id: int) -> PersistentItem:
        """Return an admin's button of a rotation."""
        label = self._words.label("rotation_buttons", action.value)
        style = _ROTATION_STYLES.get(action, _STYLE.secondary)
        return _make_button(f"rotation:{action.value}:{rotation_id}", label, style)

    def begin_due_button(self) -> PersistentItem:
        """Return the admin's button that begins the rotations of the keys that are due."""
        label = self._words.label("rotation_buttons", "due")
        return _make_button("rotations:due", label, _STYLE.primary)


def _for_whom(what: str, who: str) -> str:
    """Return what is to be done for an address, else for its domain, else for nobody."""
    for known in (who, who.rpartition("@")[2]):
        if known and _fits(f"{what}:{known}"):
            return f"{what}:{known}"
    return what


def _of_check(what: str, domain: str, check_id: int) -> str:
    """Return what is to be done with a check of a domain, without that where it is too long."""
    rest = f"{what}:{domain}:{check_id}"
    return rest if _fits(rest) else f"{what}:{check_id}"


def _make_button(rest: str, label: str, style: discord.ButtonStyle) -> PersistentItem:
    button: discord.ui.Button[Any] = discord.ui.Button(
        style=style, label=label, custom_id=_write_id(rest)
    )
    return PersistentItem(button)


def _make_select(
    rest: str, options: list[discord.SelectOption], placeholder: str | None = None
) -> PersistentItem:
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=_write_id(rest), options=options, placeholder=placeholder
    )
    return PersistentItem(select)


def _fits(rest: str) -> bool:
    return len(_write_id(rest)) <= _LONGEST_ID


def _write_id(rest: str) -> str:
    """Return a custom_id; what is not of Cowbell is left to the library."""
    return f"cowbell:{rest}"
