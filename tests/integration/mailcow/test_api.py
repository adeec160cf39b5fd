"""The client of Mailcow's API against a server that answers as Mailcow does, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import dns.name
import pytest

from bot.demo.dkim_keys import KEYS
from bot.demo.mailcow_double.double_server import MailcowDouble, MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.mailcow_double.php_answers import SECRET_IN_LOG
from bot.errors import BackendKeyFaulty, BackendRefused, BackendUnclear, BackendUnreachable
from bot.mailcow.api import Mailcow
from bot.mailcow.parse import decode, read_number
from bot.mailcow.values import AliasDomain, Mailbox, MailDomain
from bot.names import Domain, MailAddress
from mailcow_helpers import ALIAS, JSON, LIMITS, READ, WRITE, A, B, connect, fail, say

pytest_plugins = ["mailcow_fixtures"]


async def test_version_is_read_with_the_read_key(cow: MailcowDouble, client: Mailcow) -> None:
    assert await client.version() == "2026-07a"
    assert [call.key for call in cow.calls] == [READ]


async def test_write_key_reads_where_there_is_no_other(cow: MailcowDouble) -> None:
    async with connect(cow, read=None) as client:
        assert await client.version() == "2026-07a"
    assert cow.calls[0].key == WRITE


async def test_known_domain_is_found(client: Mailcow) -> None:
    assert await client.find_domain(A) == MailDomain(A, active=True)
    assert await client.domain(A) == MailDomain(A, active=True)


async def test_unknown_domain_is_none(client: Mailcow) -> None:
    assert await client.find_domain(B) is None
    assert await client.domain(B) is None


async def test_alias_domain_is_told_from_its_target(client: Mailcow) -> None:
    assert await client.find_domain(ALIAS) == AliasDomain(ALIAS, A, active=True)
    assert await client.domain(ALIAS) is None


@pytest.mark.parametrize(
    ("active", "is_active"),
    [(1, True), ("1", True), (True, True), (0, False), ("0", False), (False, False), ({}, False)],
)
async def test_numbers_come_in_many_forms(
    cow: MailcowDouble, client: Mailcow, active: object, is_active: bool
) -> None:
    cow.add_domain("a.test", active=active, max_quota_for_domain=False, tags={})
    assert await client.domain(A) == MailDomain(A, active=is_active)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (" 7 ", 7),
        ("7.0", 7),
        (7.9, 7),
        (False, 0),
        (None, None),
        ("", None),
        ("x", None),
        ({}, None),
        ("9" * 5000, None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_number_is_read_or_none(value: Any, number: int | None) -> None:
    assert read_number(value) == number


async def test_idn_is_sent_in_lower_case_ascii(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_domain("xn--bcher-kva.test")
    assert await client.domain(Domain.parse("BÜCHER.test").domain) is not None
    assert cow.routes() == ["get/domain/xn--bcher-kva.test"]


@pytest.mark.parametrize("name", ["a%2fb.test", "a?query=get.test", "a/b.test", "..", "a b.c"])
async def test_no_odd_name_reaches_a_path(cow: MailcowDouble, client: Mailcow, name: str) -> None:
    odd = Domain(dns.name.Name([name.encode(), b"test", b""]))
    error = await fail(cow, client.dkim(odd))
    assert isinstance(error, BackendRefused)
    assert cow.calls == []


async def test_lists_are_read_and_empty_ones_too(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_domain("b.test", active="0")
    assert await client.domains() == (MailDomain(A, active=True), MailDomain(B, active=False))
    assert await client.alias_domains() == (AliasDomain(ALIAS, A, active=True),)
    cow.domains.clear()
    cow.alias_domains.clear()
    assert await client.domains() == ()
    assert await client.alias_domains() == ()


async def test_mailbox_is_found_by_its_address(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_mailbox("me@a.test", active="1")
    cow.add_mailbox("me+news@a.test")
    assert await client.mailbox(MailAddress.parse("Me@a.test")) == Mailbox("me@a.test", active=True)
    assert await client.mailbox(MailAddress.parse("you@a.test")) is None
    # A plus would not survive the path.
    assert await client.mailbox(MailAddress.parse("me+news@a.test")) is not None
    assert cow.routes()[-1] == "get/mailbox/all/a.test"


async def test_mailboxes_of_an_unknown_domain_are_none(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_mailbox("me@a.test")
    assert await client.mailboxes(A) == (Mailbox("me@a.test", active=True),)
    assert await client.mailboxes(B) == ()
    assert await client.mailbox(MailAddress.parse("me+x@b.test")) is None


async def test_no_cookie_is_kept(cow: MailcowDouble, client: Mailcow) -> None:
    await client.version()
    await client.version()
    assert {call.cookie for call in cow.calls} == {None}


# ── DKIM keys ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("splits", [False, True])
async def test_key_is_read_as_a_record(cow: MailcowDouble, client: Mailcow, splits: bool) -> None:
    pair = cow.dkim["a.test"] = DkimPair.make("mailcow", 4096)
    cow.splits_txt = splits
    key = await client.dkim(A)
    assert key is not None
    assert (key.selector, key.bits) == ("mailcow", 4096)
    assert key.record.text == f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}"
    assert (key.known.selector, key.known.source) == ("mailcow", "mailcow")


async def test_length_is_computed_and_not_believed(cow: MailcowDouble, client: Mailcow) -> None:
    cow.dkim["a.test"] = DkimPair.make("dkim", 3072)
    key = await client.dkim(A)
    assert key is not None
    assert key.bits == 3072


async def test_domain_without_key_has_none(client: Mailcow) -> None:
    assert await client.dkim(A) is None


@pytest.mark.parametrize("text", ["v=DKIM1;p=", "junk", 5, None, f"v=DKIM1;p={KEYS['mover']}"])
async def test_public_key_counts_more_than_the_text(
    cow: MailcowDouble, client: Mailcow, text: object
) -> None:
    shown = {"pubkey": KEYS["friend"], "dkim_selector": "dkim", "dkim_txt": text, "length": 1}
    cow.says["get/dkim"] = (200, JSON, json.dumps(shown).encode())
    key = await client.dkim(A)
    assert key is not None
    assert key.record.text.endswith(f"p={KEYS['friend']}")


@pytest.mark.parametrize("pubkey", ["", "MIIB", "x;p=y", "-----BEGIN PRIVATE KEY-----"])
async def test_broken_key_is_said_and_not_missing(
    cow: MailcowDouble, client: Mailcow, pubkey: str
) -> None:
    shown = {"pubkey": pubkey, "dkim_selector": "dkim", "dkim_txt": "", "privkey": SECRET_IN_LOG}
    cow.says["get/dkim"] = (200, JSON, json.dumps(shown).encode())
    error = await fail(cow, client.dkim(A))
    assert isinstance(error, BackendKeyFaulty)
    assert error.code == "mailcow-key-broken"


def test_secrets_are_dropped_while_decoding() -> None:
    body = b'[{"type":"danger","log":["a",{"privkey":"b"}],"msg":[null,1,"x"],"privkey":"c"}]'
    assert decode(body) == [{"type": "danger", "msg": [None, 1, "x"]}]


async def test_key_is_made_where_there_is_none(cow: MailcowDouble, client: Mailcow) -> None:
    key = await client.find_or_make_dkim(A, "mailcow")
    assert (key.selector, key.bits) == ("mailcow", 2048)
    assert cow.dkim["a.test"].public in key.record.text
    assert [(call.route, call.key) for call in cow.calls] == [
        ("get/domain/a.test", READ),
        ("get/dkim/a.test", READ),
        ("add/dkim", WRITE),
        ("get/dkim/a.test", READ),
        ("get/dkim/a.test", READ),  # once more, as somebody else may make one at the same time
    ]
    assert json.loads(cow.calls[2].body) == {
        "domains": "a.test",
        "dkim_selector": "mailcow",
        "key_size": "2048",
    }


async def test_key_that_is_there_is_taken_with_its_selector(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.dkim["a.test"] = DkimPair.make("old", 1024)
    key = await client.find_or_make_dkim(A, "mailcow")
    assert (key.selector, key.bits) == ("old", 1024)
    assert cow.routes("POST") == []


async def test_fifty_at_once_make_one_key(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_delay = 0.05
    keys = await asyncio.gather(*(client.find_or_make_dkim(A, "dkim") for _ in range(50)))
    assert len({key.record.text for key in keys}) == 1
    assert cow.keys_made == {"a.test": 1}
    assert cow.dkim["a.test"].public in keys[0].record.text


async def test_without_turns_the_last_of_parallel_adds_would_win(cow: MailcowDouble) -> None:
    cow.add_delay = 0.05
    async with connect(cow) as one, connect(cow) as two:
        await asyncio.gather(
            one.find_or_make_dkim(A, "dkim", 1024), two.find_or_make_dkim(A, "dkim", 1024)
        )
    assert cow.keys_made == {"a.test": 2}


async def test_domains_do_not_wait_for_each_other(cow: MailcowDouble, client: Mailcow) -> None:
    cow.add_domain("b.test")
    cow.add_delay = 0.3
    await client.version()
    async with asyncio.timeout(1.5):
        await asyncio.gather(
            client.find_or_make_dkim(A, "dkim", 1024), client.find_or_make_dkim(B, "dkim", 1024)
        )


async def test_key_of_another_that_came_meanwhile_is_taken(
    cow: MailcowDouble, client: Mailcow, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = b'[{"type":"danger","log":[],"msg":["dkim_domain_or_sel_invalid","a.test"]}]'
    cow.says["add/dkim"] = (200, JSON, refusal)
    cow.before_write = lambda: cow.dkim.update({"a.test": cow.dkim["kept.test"]})
    assert (await client.find_or_make_dkim(A, "mailcow")).selector == "old"
    assert "somebody else" in caplog.text


@pytest.mark.parametrize("bits", [0, 512, 1023, 1025, 2047, 4097, 8192])
async def test_key_sizes_that_nobody_accepts_are_not_asked_for(
    cow: MailcowDouble, client: Mailcow, bits: int
) -> None:
    assert isinstance(await fail(cow, client.find_or_make_dkim(A, "dkim", bits)), BackendRefused)
    assert cow.calls == []


@pytest.mark.parametrize("selector", ["", "a b", "a/b", "é", "a..b", "x" * 101, "dkim\n"])
async def test_bad_selectors_are_not_asked_for(
    cow: MailcowDouble, client: Mailcow, selector: str
) -> None:
    assert isinstance(await fail(cow, client.find_or_make_dkim(A, selector)), BackendRefused)
    assert cow.calls == []


async def test_key_for_an_unknown_domain_is_refused(cow: MailcowDouble, client: Mailcow) -> None:
    error = await fail(cow, client.find_or_make_dkim(B, "dkim"))
    assert isinstance(error, BackendRefused)
    assert error.code == "mailcow-domain-absent"
    assert "does not know b.test" in say(error)
    assert cow.routes("POST") == []


async def test_selector_that_mailcow_dislikes_is_named(cow: MailcowDouble, client: Mailcow) -> None:
    error = await fail(cow, client.find_or_make_dkim(A, "___"))
    assert isinstance(error, BackendRefused)
    assert error.facts["said"] == "dkim_domain_or_sel_invalid"
    assert "DKIM_SELECTOR" in say(error)


# ── writes with an unclear end ──────────────────────────────────────────────────────────────────

LOST = [
    MailcowFault.BAD_GATEWAY,
    MailcowFault.BROKEN,
    MailcowFault.FATAL,
    MailcowFault.EMPTY,
    MailcowFault.SILENT,
    MailcowFault.CUT,
]


@pytest.mark.parametrize("mood", LOST)
async def test_key_whose_answer_was_lost_is_found(cow: MailcowDouble, mood: MailcowFault) -> None:
    cow.write_mood = mood
    async with connect(cow, seconds=1) as client:
        key = await client.find_or_make_dkim(A, "dkim", 1024)
    assert cow.dkim["a.test"].public in key.record.text
    assert cow.keys_made == {"a.test": 1}


@pytest.mark.parametrize("mood", LOST)
async def test_write_that_did_not_happen_is_unclear_and_can_be_retried(
    cow: MailcowDouble, mood: MailcowFault
) -> None:
    cow.write_mood, cow.writes_happen = mood, False
    async with connect(cow, seconds=0.5) as client:
        error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
        assert isinstance(error, BackendUnclear)
        assert "Retry" in say(error)
        cow.write_mood = MailcowFault.FINE
        cow.ready_keys.append(cow.dkim["kept.test"])
        await client.find_or_make_dkim(A, "dkim")
    assert cow.keys_made == {"a.test": 1}


async def test_key_that_is_ready_after_the_timeout_is_waited_for(cow: MailcowDouble) -> None:
    cow.add_delay = 0.6
    cow.ready_keys.append(cow.dkim["kept.test"])
    async with Mailcow(
        cow.url, read_key=READ, write_key=WRITE, timeout=0.4, waits=(0, 0.2, 0.4, 0.8)
    ) as client:
        await client.find_or_make_dkim(A, "dkim")
    assert cow.keys_made == {"a.test": 1}


async def test_done_with_nothing_done_is_noticed(cow: MailcowDouble, client: Mailcow) -> None:
    cow.says["add/dkim"] = (200, JSON, b'{"type":"success","msg":"Task completed"}')
    error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
    assert isinstance(error, BackendUnclear)
    assert "does not show it" in say(error)


async def test_write_that_never_left_is_unreachable(cow: MailcowDouble) -> None:
    async with connect(cow) as client:
        await cow.__aexit__()
        error = await fail(cow, client.check_write_key())
    assert isinstance(error, BackendUnreachable)


# ── adding a domain ─────────────────────────────────────────────────────────────────────────────


async def test_domain_is_added_with_a_key_of_the_size_given(
    cow: MailcowDouble, client: Mailcow
) -> None:
    added = await client.add_domain(B, replace(LIMITS, mailboxes=3), selector="mailcow", bits=1024)
    assert added == MailDomain(B, active=True)
    key = await client.dkim(B)
    assert key is not None
    assert (key.selector, key.bits) == ("mailcow", 1024)
    sent = json.loads(next(call.body for call in cow.calls if call.method == "POST"))
    assert (sent["domain"], sent["mailboxes"], sent["key_size"]) == ("b.test", "3", "1024")


async def test_domain_that_is_there_is_not_added_again(cow: MailcowDouble, client: Mailcow) -> None:
    assert await client.add_domain(A, LIMITS) == MailDomain(A, active=True)
    assert cow.routes("POST") == []


async def test_alias_domain_is_not_added(cow: MailcowDouble, client: Mailcow) -> None:
    error = await fail(cow, client.add_domain(ALIAS, LIMITS))
    assert isinstance(error, BackendRefused)
    assert error.code == "mailcow-alias-domain"
    assert "a.test" in say(error)


async def test_mixed_list_counts_by_what_is_there_afterwards(
    cow: MailcowDouble, client: Mailcow
) -> None:
    mixed = (
        b'[{"type":"danger","log":[1],"msg":["dkim_domain_or_sel_invalid","b.test",7,null]},'
        b'{"type":"success","msg":["domain_added","b.test"]}]'
    )
    cow.says["add/domain"] = (200, JSON, mixed)
    cow.before_write = lambda: cow.add_domain("b.test")
    assert await client.add_domain(B, LIMITS) == MailDomain(B, active=True)


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ('"domain_invalid"', "no domain"),
        ('["domain_exists","b.test"]', "already"),
        ('"domain_cannot_match_hostname"', "host name"),
        ('["brand_new_code","x"]', "brand_new_code"),
        ("[null,5]", "without a reason"),
        ("7", "without a reason"),
        ('"mailbox_quota_exceeds_domain_quota"', "limits"),
    ],
)
async def test_each_refusal_has_its_sentence(
    cow: MailcowDouble, client: Mailcow, code: str, part: str
) -> None:
    body = f'[{{"type":"danger","log":["{SECRET_IN_LOG}"],"msg":{code}}}]'
    cow.says["add/domain"] = (200, JSON, body.encode())
    error = await fail(cow, client.add_domain(B, LIMITS))
    assert isinstance(error, BackendRefused)
    assert part in say(error)


async def test_host_name_of_mailcow_is_refused(cow: MailcowDouble, client: Mailcow) -> None:
    error = await fail(cow, client.add_domain(Domain.from_ascii(cow.hostname), LIMITS))
    assert "host name" in say(error)


async def test_limits_that_do_not_fit_are_refused(cow: MailcowDouble, client: Mailcow) -> None:
    error = await fail(cow, client.add_domain(B, replace(LIMITS, usual_quota=5, mailbox_quota=4)))
    assert "limits" in say(error)
