"""Showing control of a domain by a TXT record: the member's card, and what an admin then needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from admin_guild import forge
from bot.demo.publishing import publish
from bot.interactions.delivery import Delivery
from bot.names import Domain
from bot.requests.control_proof import ControlKind
from bot.requests.evidence import load_evidence
from bot.requests.model import Request, State
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.store.engine.database import Database
from bot.store.repositories.for_requests import RequestStore
from discord_simulation import answer_to, labels_of, open_simulation, read_store, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from admin_guild import AdminGuild
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["admin_fixtures"]

PROOF, RISK = "Check the proof", "Go on all the same"
FRIEND, MOVER = "friend.example", "mover.example"  # the MX of one names us alone


@pytest.fixture
async def sim(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    async with open_simulation(store, asks_authorities=True) as sim:
        yield sim


async def ask(admins: AdminGuild, who: MemberActor, name: str = MOVER) -> ResponseMessage:
    """Return the answer to `/maildomain`."""
    return answer_to(await who.slash(admins.sim.channel, "maildomain", domain=name))


async def press(who: MemberActor, card: ResponseMessage) -> ResponseMessage:
    """Return the answer to “Check the proof”."""
    return answer_to(await who.click(card, label=PROOF))


def text_on(card: ResponseMessage) -> str:
    """Return the text to publish that a card shows."""
    found = re.search(r"cowbell=\S+", text_of(card))
    assert found is not None
    return found[0]


def add_record(admins: AdminGuild, card: ResponseMessage, name: str = MOVER) -> None:
    """Do what the card says, as the domain's owner does at their provider."""
    dns, line = admins.sim.dns, f'_cowbell TXT "{text_on(card)}"'
    dns.zones = publish(dns.zones, Domain.from_ascii(name), [line])


async def latest(admins: AdminGuild, who: MemberActor) -> Request:
    return (await admins.requests.of_member(who.id))[0]


def control_in(request: Request) -> ControlKind | None:
    evidence = load_evidence(request.evidence)
    assert evidence is not None
    return evidence.control.kind if evidence.control else None


async def deliver(admins: AdminGuild) -> None:
    """Deliver what waits in the outbox."""
    url = f"sqlite+aiosqlite:///{admins.sim.store}"
    client = admins.sim.client
    async with await Database.open(url, exclusive=False) as database:
        store = RequestStore.of(database)
        outbox = OutboxWorker(store, Delivery(client), admins.requests._now, WakeUp())
        while await outbox.step():
            pass


async def test_the_record_is_shown_to_copy_and_then_seen(admins: AdminGuild) -> None:
    ann = admins.sim.ann
    card = await ask(admins, ann)
    said = text_of(card)
    assert "Show the admin that `mover.example` is yours" in said
    assert "Name `_cowbell`" in said
    assert f"```\n{text_on(card)}\n```" in said
    assert labels_of(card)[0] == PROOF
    assert control_in(await latest(admins, ann)) is ControlKind.NONE
    early = await press(ann, card)
    assert "The record is not in the DNS yet" in text_of(early)
    assert text_on(early) == text_on(card)
    add_record(admins, card)
    shown = await press(ann, early)
    assert "You have shown that `mover.example` is yours" in text_of(shown)
    assert "The admin sees it on your request" in text_of(shown)
    assert labels_of(shown) == []
    assert control_in(await latest(admins, ann)) is ControlKind.PROVEN


async def test_the_button_goes_on_working_after_a_restart(admins: AdminGuild) -> None:
    card = await ask(admins, admins.sim.ann)
    await admins.sim.restart()
    add_record(admins, card)
    assert "You have shown" in text_of(await press(admins.sim.ann, card))


async def test_who_has_shown_it_before_is_not_asked_again(admins: AdminGuild) -> None:
    ann = admins.sim.ann
    add_record(admins, await ask(admins, ann))
    card = await ask(admins, ann)
    assert "You have shown that `mover.example` is yours, and the admin sees it" in text_of(card)
    assert PROOF not in labels_of(card)
    assert control_in(await latest(admins, ann)) is ControlKind.PROVEN


async def test_another_members_record_shows_nothing(admins: AdminGuild) -> None:
    add_record(admins, await ask(admins, admins.sim.ann))
    theirs = await press(admins.sim.ben, await ask(admins, admins.sim.ben))
    assert "is not the one that I gave you" in text_of(theirs)
    assert await admins.requests.of_member(admins.sim.ben.id) == ()


async def test_the_owner_takes_the_place_of_one_who_has_shown_nothing(admins: AdminGuild) -> None:
    ann, ben = admins.sim.ann, admins.sim.ben
    await ask(admins, ann)
    card = await ask(admins, ben)
    assert "Somebody else has asked for this" in text_of(card)
    assert "your request takes the place of theirs" in text_of(card)
    add_record(admins, card)
    shown = await press(ben, card)
    assert "Your request takes the place of one by a member who has not shown it" in text_of(shown)
    first, mine = await latest(admins, ann), await latest(admins, ben)
    assert (first.state, mine.state) == (State.REPLACED, State.PENDING)
    assert control_in(mine) is ControlKind.PROVEN
    await deliver(admins)
    (told,) = admins.sim.env.backend.messages[ann.user.dm_channel.id].values()
    assert "their request takes the place of yours" in str(told.components)
    assert str(ben.id) not in str(told.components)
    listed = answer_to(await ann.slash(admins.sim.channel, "requests"))
    assert "↪️ replaced" in text_of(listed)


async def test_asking_with_the_record_in_place_does_it_at_once(admins: AdminGuild) -> None:
    ann, ben = admins.sim.ann, admins.sim.ben
    add_record(admins, await ask(admins, ben))
    await admins.requests.withdraw((await latest(admins, ben)).id, ben.id)
    await ask(admins, ann)
    card = await ask(admins, ben)
    assert "Somebody else" not in text_of(card)
    assert (await latest(admins, ann)).state is State.REPLACED
    assert (await latest(admins, ben)).state is State.PENDING


async def test_a_proof_whose_record_is_gone_takes_nobodys_place(admins: AdminGuild) -> None:
    ann, ben = admins.sim.ann, admins.sim.ben
    before = admins.sim.dns.zones
    add_record(admins, await ask(admins, ben))
    await press(ben, await ask(admins, ben, FRIEND))
    await ask(admins, ben)
    await admins.requests.withdraw((await admins.requests.of_member(ben.id))[-1].id, ben.id)
    admins.sim.dns.zones = before
    await ask(admins, ann)
    card = await ask(admins, ben)
    assert labels_of(card)[0] == PROOF
    assert (await latest(admins, ann)).state is State.PENDING


async def test_two_who_have_both_shown_it_leave_the_first_request(admins: AdminGuild) -> None:
    ann, ben = admins.sim.ann, admins.sim.ben
    first = await ask(admins, ann)
    add_record(admins, first)
    await press(ann, first)
    card = await ask(admins, ben)
    add_record(admins, card)
    assert "Another member has shown it too" in text_of(await press(ben, card))
    assert (await latest(admins, ann)).state is State.PENDING


async def test_what_is_approved_stays_and_its_admin_sees_that_it_is_anothers(
    admins: AdminGuild,
) -> None:
    ann, ben = admins.sim.ann, admins.sim.ben
    await ask(admins, ann)
    asked = await latest(admins, ann)
    await admins.requests.approve(asked.id, admins.bob.id, by_hand=True, accepts_risk=True)
    card = await ask(admins, ben)
    add_record(admins, card)
    assert "is approved already" in text_of(await press(ben, card))
    assert control_in(await admins.now(asked)) is ControlKind.OTHER


async def test_after_the_proof_one_press_approves(admins: AdminGuild) -> None:
    ann = admins.sim.ann
    card = await ask(admins, ann)
    add_record(admins, card)
    await press(ann, card)
    request = await latest(admins, ann)
    await admins.ada.click(await admins.post(request), label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert (await admins.requests.audit(request.id))[-1].detail == "by hand"


async def test_an_mx_that_names_us_alone_needs_no_second_press_and_is_no_proof(
    admins: AdminGuild,
) -> None:
    ann = admins.sim.ann
    assert labels_of(await ask(admins, ann, FRIEND))[0] == PROOF
    request = await latest(admins, ann)
    assert control_in(request) is ControlKind.MX
    await admins.ada.click(await admins.post(request), label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert read_store(admins.sim, "SELECT * FROM control_proof") == []


async def test_without_either_a_second_press_names_the_risk(admins: AdminGuild) -> None:
    await ask(admins, admins.sim.ann)
    request = await latest(admins, admins.sim.ann)
    card = await admins.post(request)
    risk = answer_to(await admins.ada.click(card, label="Approve"))
    assert risk.ephemeral
    assert "mail of this server's own members to that domain stays here" in text_of(risk)
    assert labels_of(risk) == [RISK]
    assert (await admins.now(request)).state is State.PENDING
    await admins.ada.click(risk, label=RISK)
    assert (await admins.now(request)).state is State.APPROVED
    assert (await admins.requests.audit(request.id))[-1].detail == "by hand, control not shown"


@pytest.mark.parametrize("action", ["add", "byhand"])
async def test_a_button_of_an_older_card_is_stopped_at_the_risk_too(
    admins: AdminGuild, action: str
) -> None:
    await ask(admins, admins.sim.ann)
    request = await latest(admins, admins.sim.ann)
    card = await admins.post(request)
    risk = answer_to(await forge(admins.ada, card, f"cowbell:req:{action}:{request.id}"))
    assert labels_of(risk) == [RISK]
    assert (await admins.now(request)).state is State.PENDING


async def test_an_mx_that_has_moved_since_counts_no_more(admins: AdminGuild) -> None:
    ann = admins.sim.ann
    await ask(admins, ann, FRIEND)
    request = await latest(admins, ann)
    kept = request.evidence.replace('"control_since": "20', '"control_since": "19')
    await admins.put(request, State.PENDING, evidence=kept)
    zones = admins.sim.dns.zones
    admins.sim.dns.zones = publish(zones, Domain.from_ascii(FRIEND), ["@ MX 5 mx.oldpost.example."])
    risk = answer_to(await admins.ada.click(await admins.post(request), label="Approve"))
    assert labels_of(risk) == [RISK]
    assert control_in(await admins.now(request)) is ControlKind.NONE


async def test_nobody_but_an_admin_goes_on_at_the_risk(admins: AdminGuild) -> None:
    await ask(admins, admins.sim.ann)
    request = await latest(admins, admins.sim.ann)
    card = await admins.post(request)
    await forge(admins.sim.ann, card, f"cowbell:req:risk:{request.id}")
    assert (await admins.now(request)).state is State.PENDING


@pytest.mark.parametrize(
    ("name", "said"),
    [("gmail.com", "belongs to a big mail provider"), ("co.uk", "is nobody's mail domain")],
)
async def test_a_domain_that_is_nobodys_is_not_asked_for(
    admins: AdminGuild, name: str, said: str
) -> None:
    assert said in text_of(await ask(admins, admins.sim.ann, name))
    assert await admins.requests.of_member(admins.sim.ann.id) == ()


async def test_in_another_server_it_is_said_where_to_ask(admins: AdminGuild) -> None:
    sim = admins.sim
    card = await ask(admins, sim.ann)
    add_record(admins, card)
    village = sim.env.create_guild("Village")
    channel = village.create_text_channel("mail")
    cy = village.add_member(sim.env.create_user("cy"))
    check = answer_to(await cy.slash(channel, "dnscheck", domain=MOVER))
    answer = answer_to(await forge(cy, check, f"cowbell:proof:{MOVER}"))
    assert "in one Discord server only" in text_of(answer)
    assert read_store(sim, "SELECT * FROM control_proof") == []


async def test_privacy_shows_the_proof_and_clears_it(admins: AdminGuild) -> None:
    ann, channel = admins.sim.ann, admins.sim.channel
    card = await ask(admins, ann)
    add_record(admins, card)
    await press(ann, card)
    shown = answer_to(await ann.slash(channel, "privacy"))
    assert "shown by a TXT record in the DNS: `mover.example` since" in text_of(shown)
    sure = answer_to(await ann.click(shown, label="Delete my data"))
    assert "shows that you control **1** domain is deleted" in text_of(sure)
    await ann.click(sure, label="Delete it for good")
    assert read_store(admins.sim, "SELECT * FROM control_proof") == []


async def test_the_secret_is_in_no_card_and_no_log(
    admins: AdminGuild, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    card = await ask(admins, admins.sim.ann)
    add_record(admins, card)
    shown = await press(admins.sim.ann, card)
    ((secret,),) = read_store(admins.sim, "SELECT value FROM control_secret")
    said = text_of(card) + text_of(shown) + caplog.text
    assert secret.hex() not in said
    assert repr(secret) not in said
    assert text_on(card) not in caplog.text
