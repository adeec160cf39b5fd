"""What a test mail is judged by: the key that the mail server has for the domain of its sender."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.checks.mail.verdict_store import load_verdict
from bot.dns.answer import Question
from bot.records.dkim_key import KeySource
from bot.requests.mail_proof import MailTest, MailTestState
from bot.services.domain_facts import DomainFacts
from bot.services.mail_verdicts import MailVerdicts
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from empty_store import empty_store_url
from mail_testing_parts import FRIEND, open_mail_testing
from observed_domain import SERVER
from probe_mails import PROBE
from request_guild import Clock
from signed_mails import (
    AT,
    OTHER,
    codes,
    compose,
    deliver,
    good_mail,
    hand_in,
    key_line,
    key_pair,
    sign,
    zone,
)
from zone_reports import LinesAsk

if TYPE_CHECKING:
    from pathlib import Path

    import dns.name
    import dns.rdatatype

    from bot.checks.mail.mail_verdict import MailVerdict
    from bot.dns.answer import Answer
    from bot.dns.owner_name import AnyName

MAILBOX = "else.example. MX 10 mail.else.example.\nmail.else.example. A 203.0.113.9\n"
WORLD = zone(MAILBOX, key_line("friend.example", "mailcow"))


class CountingAsk(LinesAsk):
    """Counts what it is asked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.asked: Counter[Question] = Counter()

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        self.asked[Question.of(name, rdtype)] += 1
        return await super().__call__(name, rdtype)


async def judge_without_domain(path: Path, raw: bytes, ask: LinesAsk | None = None) -> MailVerdict:
    """Return the verdict on a mail whose test named no domain; its server signs with `mailcow`."""
    ask = ask or LinesAsk(WORLD)
    async with open_mail_testing(empty_store_url(path / "tests.db")) as parts:
        test = (await parts.begin(None)).test
        async with await Database.open(empty_store_url(path / "keys.db")) as database:
            keys, clock = KnownKeys(database), Clock()
            record = key_pair().record
            await keys.learn(FRIEND, "mailcow", record, KeySource.MAIL_SERVER, clock())
            facts = DomainFacts(keys, clock)
            verdicts = MailVerdicts(ask, SERVER, PROBE, "mail.else.example", facts)
            judged = await verdicts.judge(test, raw, AT)
    verdict = load_verdict(judged.verdict)
    assert verdict is not None
    return verdict


async def test_the_selector_is_that_of_the_domain_that_sent_the_mail(tmp_path: Path) -> None:
    mail = deliver(hand_in(sign(compose(), selector="mailcow")))
    verdict = await judge_without_domain(tmp_path, mail)
    assert (verdict.passed, verdict.selector) == (True, "mailcow")


async def test_the_dns_is_asked_once_though_the_key_is_known_only_by_the_mail(
    tmp_path: Path,
) -> None:
    ask = CountingAsk(WORLD)
    mail = deliver(hand_in(sign(compose(), selector="mailcow")))
    assert (await judge_without_domain(tmp_path, mail, ask)).selector == "mailcow"
    for owner in ("mailcow._domainkey.friend.example", "_dmarc.friend.example"):
        assert ask.asked[Question.of(owner, "TXT")] == 1


async def test_a_selector_that_the_server_does_not_sign_with_is_an_old_one(tmp_path: Path) -> None:
    verdict = await judge_without_domain(tmp_path, good_mail())
    assert codes(verdict) == ["mail-old-selector"]
    assert verdict.causes[0].facts["selector"] == "mailcow"


async def test_a_mail_of_the_server_before_a_move_does_not_pass(tmp_path: Path) -> None:
    # The selector is the usual one, so the key alone tells that our server did not sign.
    async with await Database.open(empty_store_url(tmp_path / "keys.db")) as database:
        keys, clock = KnownKeys(database), Clock()
        record = key_pair("old").record
        await keys.learn(FRIEND, "dkim", record, KeySource.MAIL_SERVER, clock())
        facts = DomainFacts(keys, clock)
        verdicts = MailVerdicts(LinesAsk(WORLD), SERVER, PROBE, "mail.else.example", facts)
        test = MailTest(1, 7, None, AT, AT, MailTestState.TAKEN)
        judged = await verdicts.judge(test, good_mail(), AT)
    verdict = load_verdict(judged.verdict)
    assert verdict is not None
    assert (judged.passed, codes(verdict)) == (False, ["mail-key-differs"])


@pytest.mark.parametrize("selector", ["mailcow", ""])
async def test_a_forged_mail_learns_nothing_of_the_domain(tmp_path: Path, selector: str) -> None:
    # Signed with the stranger's own key, or not at all, and sent from somewhere else.
    key = key_pair("stranger")
    mail = sign(compose(), selector=selector, key=key) if selector else compose()
    verdict = await judge_without_domain(tmp_path, deliver(mail, address=OTHER))
    assert not verdict.passed
    assert verdict.selector == SERVER.dkim_selector


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
async def test_of_a_mail_the_header_is_kept_and_nothing_of_its_text(end: bytes) -> None:
    facts = DomainFacts(None, Clock())
    verdicts = MailVerdicts(LinesAsk(WORLD), SERVER, PROBE, "mail.else.example", facts)
    test = MailTest(1, 7, None, AT, AT, MailTestState.TAKEN)
    raw = good_mail(b"Private.\r\n\r\nMore.\r\n").replace(b"\r\n", end)
    judged = await verdicts.judge(test, raw, AT)
    assert "Message-ID: <1@friend.example>" in judged.head
    assert "Private" not in judged.head
    assert (await verdicts.judge(test, end + b"Private." + end, AT)).head == ""
