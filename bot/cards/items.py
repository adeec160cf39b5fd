"""The buttons and choices of cards, as cards ask for them; who makes them is handed in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from bot.requests.model import RequestKind

    Item: TypeAlias = discord.ui.Item[Any]


class CheckAction(StrEnum):
    """What a button below the card of a check does."""

    AGAIN = "again"
    WHY = "why"
    RECORDS = "records"
    ZONE = "zone"
    SHARE = "share"
    DETAILS = "details"


class RequestAction(StrEnum):
    """What an admin's button of a request does."""

    APPROVE = "approve"
    DENY = "deny"
    CHECK = "check"
    DONE = "done"  # the admin did by hand what was asked
    RETRY = "retry"
    PASTE = "paste"  # a DKIM key in place of the one that could not be made
    ADD = "add"  # have the domain added to the mail server, with its usual limits
    LIMITS = "limits"  # the same, after the admin has typed limits of their own
    BYHAND = "byhand"  # approve, and add the domain to the mail server oneself
    FULL = "full"  # show the check of the domain as it is now
    RESEND = "resend"  # have the member sent what did not reach them
    RISK = "risk"  # go on with a mail domain of which nothing shows control


class OwnRequestAction(StrEnum):
    """What a member can do with a request of their own."""

    WITHDRAW = "withdraw"
    DMARC = "dmarc"  # ask for DMARC, after DKIM has become live
    AGAIN = "again"  # have the record that was not delivered shown


class PrivacyAction(StrEnum):
    """What a button below the card of a member's data does."""

    ASK = "ask"  # shows what a deletion would do
    KEEP = "keep"  # goes back
    DELETE = "delete"


class MailTestAction(StrEnum):
    """What a button of a test mail does."""

    LOOK = "look"  # look into the mailbox now
    DETAILS = "details"  # show all that the mail shows
    ANOTHER = "another"  # begin another test of the same domain


class SentMailAction(StrEnum):
    """What a member says of a mail that was sent to them."""

    ARRIVED = "arrived"
    LOST = "lost"


class WatchAction(StrEnum):
    """What a member's button of a watched domain does."""

    ADD = "add"  # be told when it breaks
    RESUME = "resume"  # be told again, after a pause
    REMOVE = "remove"  # be told no more


class RotationAction(StrEnum):
    """What an admin's button of a rotation does."""

    SWITCH = "switch"  # do not wait for a quiet moment
    PASTE = "paste"  # the record of the key that was made by hand
    SWITCHED = "switched"  # the admin had the mail server sign with the new key
    RESTORED = "restored"  # and with the old one again
    UNDO = "undo"  # asks first where the new key may sign already
    SURE = "undo-sure"  # undo without asking
    DETAILS = "details"
    SHOW = "show"  # draw the card anew


class ItemFactory(Protocol):
    """Makes buttons and choices that go on working after the bot was restarted.

    Each carries the numbers that it is given, and has its label already.
    """

    def check_button(self, action: CheckAction, check_id: int, domain: str) -> Item:
        """Return a button below the card of a stored check of a domain (in ASCII)."""
        ...

    def ask_button(self, kind: RequestKind, check_id: int, domain: str) -> Item:
        """Return the button that asks the admin for something for a stored check's domain."""
        ...

    def new_check_button(self, domain: str) -> Item | None:
        """Return the button that checks a domain (in ASCII) anew.

        None is returned where Discord cannot carry a domain that long.
        """
        ...

    def next_button(self, domain: str) -> Item | None:
        """Return the button that shows the next step of a domain (in ASCII).

        None is returned where Discord cannot carry a domain that long.
        """
        ...

    def meant_button(self, domain: str) -> Item | None:
        """Return the button that checks the domain (in ASCII) that was likely meant.

        None is returned where Discord cannot carry a domain that long.
        """
        ...

    def withdraw_button(self, request_id: int) -> Item:
        """Return the button that withdraws a member's own request."""
        ...

    def again_button(self, request_id: int) -> Item:
        """Return the button that sends a member again what did not reach them."""
        ...

    def proof_button(self, domain: str) -> Item | None:
        """Return the button that looks for the record which shows control of a domain (in ASCII).

        None is returned where Discord cannot carry a domain that long.
        """
        ...

    def dmarc_button(self, request_id: int) -> Item:
        """Return the button that asks for DMARC for the domain of a member's own request."""
        ...

    def request_button(
        self, action: RequestAction, request_id: int, *, accepts_risk: bool = False
    ) -> Item:
        """Return an admin's button of a request.

        `accepts_risk`: the admin was told what it means that control of the domain is not shown.
        """
        ...

    def stage_select(self, request_id: int, stages: Sequence[str]) -> Item:
        """Return the admin's choice between DMARC policies, weakest first."""
        ...

    def privacy_button(self, action: PrivacyAction, member_id: int, newest: int) -> Item:
        """Return a button below the card of a member's data.

        `newest` is the number of their latest open request that the card tells of, 0 for none.
        """
        ...

    def provider_select(self, subject: str, options: list[discord.SelectOption]) -> Item | None:
        """Return the choice of the provider whose words a card speaks.

        `subject` is a check's number, on cards of records with `next:` or `all:` before it, or a
        domain of which no check is known; None is returned where Discord cannot carry a domain
        that long.
        """
        ...

    def server_button(self) -> Item:
        """Return the button that checks the mail server itself again."""
        ...

    def unlock_button(self) -> Item:
        """Return the button that has the mail server called again after it refused."""
        ...

    def app_select(self, who: str, options: list[discord.SelectOption], placeholder: str) -> Item:
        """Return the choice of the mail app whose steps a card shows.

        `who` is a mail address, a domain (in ASCII) or empty, here and below; an address that
        Discord cannot carry gives way to its domain, and that to nobody.
        """
        ...

    def settings_button(self, who: str) -> Item:
        """Return the button that goes back to all settings."""
        ...

    def profile_button(self, who: str) -> Item:
        """Return the button that makes an Apple profile, and asks for an address without one."""
        ...

    def qr_button(self) -> Item:
        """Return the button that shows the QR code of the mail server's own page."""
        ...

    def mail_test_button(self, action: MailTestAction, test_id: int) -> Item:
        """Return a button of a member's own test mail."""
        ...

    def sent_mail_button(self, action: SentMailAction, mail_id: int) -> Item:
        """Return the button by which a member says whether a mail to them arrived."""
        ...

    def untested_button(self, request_id: int, stage: str) -> Item:
        """Return the admin's button that goes on with a strict policy without a test mail."""
        ...

    def await_button(self, goal: str, check_id: int, domain: str) -> Item:
        """Return the button that has its presser told when a goal of a domain (in ASCII) is right.

        `goal` as in `bot.watch.awaited_goal`; here and below a check of the domain is named, too.
        """
        ...

    def await_select(self, check_id: int, domain: str, options: list[discord.SelectOption]) -> Item:
        """Return the choice of what to be told of when it is right, whose values are goals."""
        ...

    def cancel_button(self, awaited_id: int, place: int | None = None) -> Item:
        """Return the button that waits no more for something; `place` is its number in a list."""
        ...

    def watch_button(self, action: WatchAction, domain: str) -> Item | None:
        """Return a button about being told of a domain (in ASCII).

        None is returned where Discord cannot carry a domain that long.
        """
        ...

    def overview_button(self) -> Item:
        """Return the admin's button that shows anew how far the watch is."""
        ...

    def rotation_button(self, action: RotationAction, rotation_id: int) -> Item:
        """Return an admin's button of a rotation."""
        ...

    def begin_due_button(self) -> Item:
        """Return the admin's button that begins the rotations of the keys that are due."""
        ...
