"""A strict DMARC policy wants a test mail that passed, or an admin who knows that none has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from admin_guild import AdminGuild, forge, open_admin_guild
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.model import RequestKind, State
from bot.store.repositories.known_keys import KnownKeys
from discord_simulation import answer_to, change_store, labels_of, text_of, whisper_after
from mail_guild import FRIEND, open_mail_guild
from signed_mails import good_mail, key_pair, without_signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord.results import ResponseMessage

    from bot.requests.model import Request
    from discord_simulation import LogWatch
    from mail_guild import MailGuild

pytest_plugins = ["discord_fixtures"]

GO_ON = "Go on without a test mail"


@pytest.fixture
async def mails(store: Path, errors: LogWatch) -> AsyncIterator[MailGuild]:
    async with open_mail_guild(store) as mails:
        yield mails


@pytest.fixture
async def admins(mails: MailGuild) -> AdminGuild:
    guild = await open_admin_guild(mails.sim)
    keys, domain = KnownKeys(mails.database), Domain.from_ascii(FRIEND)
    await keys.learn(domain, "dkim", key_pair().record, KeySource.ADMIN, datetime.now(UTC))
    return guild


async def choose(admins: AdminGuild) -> tuple[Request, ResponseMessage]:
    """Return a request for DMARC, and the choice of its policy."""
    request, card = await admins.ask(RequestKind.DMARC, FRIEND)
    return request, answer_to(await admins.ada.click(card, label="Approve"))


async def audit_of(admins: AdminGuild, request: Request) -> list[str]:
    return [entry.detail for entry in await admins.requests.audit(request.id)]


async def test_a_passed_test_mail_is_said_and_lets_a_strict_policy_through(
    mails: MailGuild, admins: AdminGuild
) -> None:
    await mails.pass_test()
    request, choice = await choose(admins)
    assert "A test mail from `friend.example` passed on <t:" in text_of(choice)
    await admins.ada.select(choice, ["reject"])
    assert (await admins.now(request)).stage == "reject"
    assert "p=reject" in await audit_of(admins, request)


@pytest.mark.parametrize(("stage", "does"), [("reject", "refuse"), ("quarantine", "spam")])
async def test_without_one_a_second_press_names_what_is_missing(
    admins: AdminGuild, stage: str, does: str
) -> None:
    request, choice = await choose(admins)
    assert "No test mail from `friend.example` has arrived yet" in text_of(choice)
    asked = answer_to(await admins.ada.select(choice, [stage]))
    assert "No test mail from `friend.example` has arrived yet" in text_of(asked)
    assert does in text_of(asked)
    assert labels_of(asked) == [GO_ON]
    assert (await admins.now(request)).state is State.PENDING
    await admins.ada.click(asked, label=GO_ON)
    assert (await admins.now(request)).stage == stage
    assert f"p={stage}, no test mail" in await audit_of(admins, request)


async def test_the_weakest_policy_needs_no_test_mail(admins: AdminGuild) -> None:
    request, choice = await choose(admins)
    await admins.ada.select(choice, ["none"])
    assert (await admins.now(request)).stage == "none"
    assert "p=none" in await audit_of(admins, request)


async def test_a_failed_mail_and_an_old_one_and_one_of_another_domain_do_not_count(
    mails: MailGuild, admins: AdminGuild
) -> None:
    card, address = await mails.begin()
    mails.deliver(address, without_signature(good_mail()))
    await mails.look(card)
    _, choice = await choose(admins)
    assert "did not pass" in text_of(choice)
    await mails.pass_test()
    change_store(mails.sim, "UPDATE mail_test SET arrived_at = '2026-01-01 00:00:00.000000' ")
    change_store(mails.sim, "UPDATE mail_test SET arrived_at = '2026-01-02 00:00:00.000000' "
                            "WHERE passed = 1")  # fmt: skip
    request, choice = await choose(admins)
    assert "more than a week old" in text_of(choice)
    asked = answer_to(await admins.ada.select(choice, ["reject"]))
    assert labels_of(asked) == [GO_ON]
    assert (await admins.now(request)).state is State.PENDING


async def test_one_that_passes_meanwhile_makes_the_second_press_needless(
    mails: MailGuild, admins: AdminGuild
) -> None:
    request, choice = await choose(admins)
    asked = answer_to(await admins.ada.select(choice, ["reject"]))
    await mails.pass_test()
    await admins.ada.click(asked, label=GO_ON)
    assert "p=reject" in await audit_of(admins, request)


async def test_nobody_but_an_admin_goes_on_without_one(
    mails: MailGuild, admins: AdminGuild
) -> None:
    request, _ = await choose(admins)
    own, _ = await mails.begin()
    result = await forge(mails.sim.ann, own, f"cowbell:req:untested:{request.id}:reject")
    assert "Only admins" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_press_on_a_decided_request_says_who_decided(
    mails: MailGuild, admins: AdminGuild
) -> None:
    request, choice = await choose(admins)
    asked = answer_to(await admins.ada.select(choice, ["reject"]))
    await admins.requests.deny(request.id, admins.bob.id, "no")
    said = text_of(answer_to(await admins.ada.click(asked, label=GO_ON)))
    assert "denied" in said
    assert (await admins.now(request)).state is State.DENIED


async def test_who_asks_for_dmarc_is_told_of_test_mails_until_one_has_passed(
    mails: MailGuild, admins: AdminGuild
) -> None:
    sim = mails.sim
    await admins.requests.open(RequestKind.DMARC, Domain.from_ascii(FRIEND), (1, 2), sim.ann.id)
    said = text_of(answer_to(await sim.ann.slash(sim.channel, "dmarc", domain=FRIEND)))
    assert "A strict policy waits for a test mail" in said
    assert "testmail" in said
    await mails.pass_test()
    said = text_of(answer_to(await sim.ann.slash(sim.channel, "dmarc", domain=FRIEND)))
    assert "test mail" not in said


async def test_the_step_that_asks_for_a_strict_policy_names_the_test_mail(
    mails: MailGuild, admins: AdminGuild
) -> None:
    await admins.sim.restart()
    keys, domain = KnownKeys(mails.database), Domain.from_ascii(FRIEND)
    await keys.learn(domain, "dkim", key_pair().record, KeySource.ADMIN, datetime.now(UTC))
    card = await mails.sim.check(FRIEND)
    assert "Ask for DMARC" in labels_of(card)
    assert "A strict policy waits for a test mail" in text_of(card)
    await mails.pass_test()
    card = await mails.sim.check(FRIEND)
    assert "Ask for DMARC" in labels_of(card)
    assert "test mail" not in text_of(card)


async def test_setup_says_whether_the_mailbox_can_be_read(
    mails: MailGuild, admins: AdminGuild
) -> None:
    said = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "**Test mails**: `127.0.0.1` lets me in, and the inbox holds 0 mails." in said
    assert "**Mails to members**: `127.0.0.1` lets me in" in said
    mails.double.password = "another"
    said = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "does not take the user and the password" in said
