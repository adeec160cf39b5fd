"""Every command, button and form is acknowledged before anything is read or asked for it."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from discord import AppCommandOptionType, app_commands
from discord.webhook.async_ import AsyncWebhookAdapter
from sqlalchemy import Engine, event

from admin_guild import forge
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
from bot.interactions.request_actions import MAY_OPEN_FORM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simcord.results import ResponseMessage

    from admin_guild import AdminGuild
    from bot.demo.zone_server import ZoneServer

pytest_plugins = ["admin_fixtures"]

DOMAIN = "friend.example"
_OPENS_FORM = {
    **{f"cowbell:req:{action}:999": "request" for action in MAY_OPEN_FORM},
    f"cowbell:rotation:{RotationAction.PASTE}:999": "rotation",
}
_CLICKS = (
    *(f"cowbell:{action}:{DOMAIN}:999" for action in CheckAction),
    f"cowbell:ask:dkim:{DOMAIN}:999",
    f"cowbell:new:{DOMAIN}",
    *(f"cowbell:req:{action}:999" for action in OwnRequestAction),
    *(f"cowbell:req:{action}:999" for action in RequestAction),
    f"cowbell:proof:{DOMAIN}",
    "cowbell:req:stage:999",
    "cowbell:req:untested:999:reject",
    *(f"cowbell:privacy:{action}:{{member}}:0" for action in PrivacyAction),
    "cowbell:provider:999",
    f"cowbell:provider:{DOMAIN}",
    "cowbell:server:again",
    "cowbell:mailcow:unlock",
    *(f"cowbell:mailtest:{action}:999" for action in MailTestAction),
    *(f"cowbell:rotation:{action}:999" for action in RotationAction),
    "cowbell:rotations:due",
    *(f"cowbell:sentmail:{action}:999" for action in SentMailAction),
    f"cowbell:await:mx:{DOMAIN}:999",
    f"cowbell:await-one:{DOMAIN}:999",
    "cowbell:await-end:999",
    *(f"cowbell:watch:{action}:{DOMAIN}" for action in WatchAction),
    "cowbell:watch:overview",
    f"cowbell:app:ann@{DOMAIN}",
    f"cowbell:settings:ann@{DOMAIN}",
    f"cowbell:profile:ann@{DOMAIN}",
    "cowbell:profile",
    "cowbell:qr",
    "cowbell:form:deny:999",
    "cowbell:form:paste:999",
    "cowbell:form:limits:999",
    "cowbell:form:profile",
    "cowbell:form:rotation:999",
)


@dataclass
class Order:
    """What happened for an interaction: first answers, statements, questions in the DNS."""

    dns: ZoneServer
    steps: list[str] = field(default_factory=list)
    asked: int = 0

    def begin(self) -> None:
        """Forget what was before, in the DNS as well."""
        self.steps.clear()
        self.asked = self.dns.asked.total()

    def note_answer(self) -> None:
        self.steps += ["dns"] * (self.dns.asked.total() - self.asked)
        self.asked = self.dns.asked.total()
        self.steps.append("answer")

    def note_statement(self, _: object, __: object, statement: str, *___: object) -> None:
        self.steps.append(" ".join(statement.split()))


@pytest.fixture
def order(admins: AdminGuild, monkeypatch: pytest.MonkeyPatch) -> Iterator[Order]:
    order = Order(admins.sim.dns)
    send = AsyncWebhookAdapter.create_interaction_response

    def note(*args: Any, **options: Any) -> Any:
        order.note_answer()
        return send(*args, **options)

    monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", note)
    event.listen(Engine, "before_cursor_execute", order.note_statement)
    yield order
    event.remove(Engine, "before_cursor_execute", order.note_statement)


@dataclass
class CardOfAll:
    """A private card on which the tests press every button there is."""

    admins: AdminGuild
    card: ResponseMessage

    def __post_init__(self) -> None:
        self._stored = self.admins.sim.env.backend.get_message(self.card.channel_id, self.card.id)
        self._components = deepcopy(self._stored.components)

    async def press(self, custom_id: str) -> None:
        """Press a button on the card as it was at first."""
        self._stored.components = deepcopy(self._components)
        await forge(self.admins.ada, self.card, custom_id.format(member=self.admins.ada.id))


@pytest.fixture
async def card(admins: AdminGuild) -> CardOfAll:
    return CardOfAll(admins, await admins.sim.check(DOMAIN, admins.ada))


async def test_every_command_is_acknowledged_before_anything_is_read(
    admins: AdminGuild, order: Order
) -> None:
    commands = [
        command
        for command in admins.sim.client.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    ]
    assert len(commands) > 15
    for command in commands:
        options = {p.name: _value_of(p) for p in command.parameters if p.required}
        order.begin()
        await admins.ada.slash(admins.sim.channel, command.qualified_name, **options)
        assert order.steps[:1] == ["answer"], command.qualified_name


def _value_of(parameter: app_commands.Parameter) -> object:
    return 1 if parameter.type is AppCommandOptionType.integer else DOMAIN


async def test_every_click_is_acknowledged_before_anything_is_read(
    order: Order, card: CardOfAll
) -> None:
    for custom_id in _CLICKS:
        if custom_id not in _OPENS_FORM:
            order.begin()
            await card.press(custom_id)
            assert order.steps[:1] == ["answer"], custom_id


async def test_what_may_open_a_form_reads_one_row_alone_before_it_answers(
    order: Order, card: CardOfAll
) -> None:
    for custom_id, table in _OPENS_FORM.items():
        order.begin()
        await card.press(custom_id)
        before = order.steps[: order.steps.index("answer")]
        (read,) = [step for step in before if not step.startswith(("PRAGMA", "BEGIN"))]
        assert re.search(rf"FROM {table} WHERE {table}\.id = \?$", read), custom_id


def test_no_click_of_the_bot_is_left_out(admins: AdminGuild) -> None:
    patterns = admins.sim.client.clicks._handlers
    clicks = [one.format(member=1) for one in _CLICKS]
    assert [p.pattern for p in patterns if not any(map(p.fullmatch, clicks))] == []
    assert [one for one in clicks if not any(p.fullmatch(one) for p in patterns)] == []
