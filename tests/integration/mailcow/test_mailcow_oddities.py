"""What a real Mailcow does beside its API: exceptions, keys of all kinds, Redis, two writers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.demo.dkim_keys import KEYS
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.errors import (
    BackendCallFailed,
    BackendKeyFaulty,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
)
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.mailcow.values import AliasDomain
from bot.requests.backend import DomainLimits, MailHosting
from mailcow_helpers import ALIAS, LIMITS, A, B, connect, fail, say

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.mailcow.api import Mailcow
    from bot.names import Domain

pytest_plugins = ["mailcow_fixtures"]

# Keys as they can be imported into Mailcow: RSA of 512 bits, an elliptic curve, Ed25519.
RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANI5eJNWxU+w5hcAA9qxinLKOmjFzmnjc5fu8adWLFwq4MICfxyKNFojUKTy"
    "501rciaJXYZseSUUYR1p8R97uOUCAwEAAQ=="
)
CURVE = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n"
    "60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
)
ED25519 = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


# ── an empty answer ─────────────────────────────────────────────────────────────────────────────


async def test_an_exception_in_one_call_is_told_from_a_key_that_does_not_arrive(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.throws = {"get/dkim/a.test"}
    error = await fail(cow, client.dkim(A))
    assert isinstance(error, BackendCallFailed)
    assert cow.routes() == ["get/dkim/a.test", "get/status/version"]
    assert "get/dkim" in say(error)
    assert "php-fpm-mailcow and mysql-mailcow" in say(error)
    assert "X-API-Key" not in say(error)
    assert await client.find_domain(A) is not None
    cow.hides_keys = True
    error = await fail(cow, client.dkim(A))
    assert type(error) is BackendUnreachable
    assert "X-API-Key" in say(error)


async def test_an_empty_answer_is_asked_about_once(cow: MailcowDouble, client: Mailcow) -> None:
    cow.throws = {"get/status/version"}
    assert type(await fail(cow, client.version())) is BackendUnreachable
    assert cow.routes() == ["get/status/version"]


async def test_a_mailcow_that_goes_away_meanwhile_is_said_to_be_away(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.throws = {"get/dkim/a.test"}
    cow.says["get/status"] = (502, "text/html", b"<h1>502</h1>")
    error = await fail(cow, client.dkim(A))
    assert (type(error), error.code) == (BackendUnreachable, "mailcow-down")


# ── domains ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_key_outlives_its_domain_and_is_not_told(
    cow: MailcowDouble, client: Mailcow
) -> None:
    backend = MailcowBackend(client, "dkim")
    await backend.add_domain(B, DomainLimits())
    assert (await backend.look_up(B)).key is not None
    del cow.domains["b.test"]
    assert await client.dkim(B) is not None
    found = await backend.look_up(B)
    assert (found.hosting, found.key) == (MailHosting.ABSENT, None)
    error = await fail(cow, client.find_or_make_dkim(B, "dkim"))
    assert (type(error), error.code) == (BackendRefused, "mailcow-domain-absent")


@pytest.mark.parametrize("off", [A, ALIAS], ids=["domain", "alias domain"])
async def test_what_is_switched_off_is_there_and_gets_no_key(
    cow: MailcowDouble, client: Mailcow, off: Domain
) -> None:
    cow.add_domain("a.test", active=0 if off is A else 1)
    cow.add_alias_domain("ad.test", "a.test", active=off is not ALIAS)
    backend = MailcowBackend(client, "dkim")
    assert (await backend.look_up(off)).hosting is MailHosting.OFF
    error = await fail(cow, client.find_or_make_dkim(off, "dkim"))
    assert error.code == "mailcow-domain-off"
    assert "switched off" in say(error)
    assert cow.routes("POST") == []
    if off is ALIAS:
        assert (await backend.look_up(A)).hosting is MailHosting.ON


async def test_an_alias_of_what_is_switched_off_gets_no_mail(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.add_domain("a.test", active="0")
    assert await client.find_domain(ALIAS) == AliasDomain(ALIAS, A, active=False)


async def test_an_alias_that_is_deleted_meanwhile_is_no_answer(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.says["get/alias-domain/all"] = (200, "application/json", b"{}")
    assert isinstance(await fail(cow, client.find_domain(ALIAS)), BackendUnclear)


# ── keys of all kinds ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "code", "part"),
    [
        (("dkim", RSA_512), "mailcow-key-too-short", "512 bits"),
        (("dkim", CURVE), "mailcow-key-broken", "no RSA key"),
        (("dkim", ED25519), "mailcow-key-broken", "no RSA key"),
        (("my key", KEYS["friend"]), "mailcow-selector-broken", '"my key"'),
        (("a..b", KEYS["friend"]), "mailcow-selector-broken", '"a..b"'),
        (("clé", KEYS["friend"]), "mailcow-selector-broken", "DNS name"),
        (("", KEYS["friend"]), "mailcow-selector-broken", "DNS name"),
        (("x" * 64, KEYS["friend"]), "mailcow-selector-broken", "DNS name"),
        (("a\u202eb\n@everyone", KEYS["friend"]), "mailcow-selector-broken", "DNS name"),
    ],
)
async def test_a_key_that_nobody_can_use_is_refused_with_the_remedy(
    cow: MailcowDouble, client: Mailcow, key: tuple[str, str], code: str, part: str
) -> None:
    cow.dkim["a.test"] = DkimPair(*key, "")
    error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
    assert isinstance(error, BackendKeyFaulty)
    assert error.code == code
    assert part in say(error)
    assert "Delete" in say(error)
    assert say(error).isprintable()
    found = await MailcowBackend(client, "dkim").look_up(A)
    assert (found.hosting, found.key) == (MailHosting.ON, None)
    assert found.fault is not None
    assert cow.routes("POST") == []


@pytest.mark.parametrize("selector", ["dkim", "Cow_2026", "a.b", "-x-", "x" * 63])
async def test_selectors_that_can_stand_in_a_name_are_taken(
    cow: MailcowDouble, client: Mailcow, selector: str
) -> None:
    cow.dkim["a.test"] = DkimPair(selector, KEYS["friend"], "")
    key = await client.dkim(A)
    assert key is not None
    assert key.selector == selector


# ── two writers ─────────────────────────────────────────────────────────────────────────────────


async def test_of_two_writers_both_hand_out_the_key_that_stays(cow: MailcowDouble) -> None:
    async with connect(cow, settling=0.6) as one, connect(cow, settling=0.6) as two:
        cow.add_delay = 0.3

        async def begin_later() -> str:
            await asyncio.sleep(0.15)
            return (await two.find_or_make_dkim(A, "two", 1024)).record.text

        first, second = await asyncio.gather(one.find_or_make_dkim(A, "one", 1024), begin_later())
    assert cow.keys_made == {"a.test": 2}
    assert cow.dkim["a.test"].public in first.record.text
    assert cow.dkim["a.test"].public in second
    assert first.selector == "two"


async def test_a_key_that_keeps_changing_is_not_handed_out(cow: MailcowDouble) -> None:
    async with connect(cow, settling=0.2) as client:

        async def go_on_changing() -> None:
            for number in range(1000):
                cow.dkim["a.test"] = DkimPair(f"s{number}", KEYS["friend"], "")
                await asyncio.sleep(0.02)

        cow.ready_keys.append(cow.dkim["kept.test"])
        busy: list[asyncio.Task[None]] = []
        cow.before_write = lambda: busy.append(asyncio.create_task(go_on_changing()))
        error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
        busy[0].cancel()
    assert isinstance(error, BackendUnclear)
    assert "somebody else makes keys" in say(error)


async def test_a_key_that_was_there_is_handed_out_at_once(cow: MailcowDouble) -> None:
    cow.dkim["a.test"] = cow.dkim["kept.test"]
    async with connect(cow, settling=60.0) as client, asyncio.timeout(5):
        assert (await client.find_or_make_dkim(A, "dkim")).selector == "old"


# ── Redis takes no writes ───────────────────────────────────────────────────────────────────────


async def test_a_domain_of_which_only_the_row_was_made_does_not_count_as_added(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.redis_refuses_writes = True
    error = await fail(cow, client.add_domain(B, DomainLimits()))
    assert isinstance(error, BackendUnclear)
    assert "b.test" in cow.domains
    for hidden in ("RedisException", "json_api.php", "Stack trace", "redis_error"):
        assert hidden not in say(error) + str(error)
    assert "redis-mailcow" in say(error)
    assert isinstance(await fail(cow, client.add_domain(B, DomainLimits())), BackendUnclear)
    cow.redis_refuses_writes = False
    assert (await client.add_domain(B, DomainLimits())).active
    assert cow.keys_made == {"b.test": 1}
    assert cow.routes("POST") == ["add/domain", "add/dkim", "add/dkim"]


async def test_a_key_that_redis_did_not_take_is_tried_again(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.redis_refuses_writes = True
    error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
    assert isinstance(error, BackendUnclear)
    assert "Redis takes no writes" in say(error)
    cow.redis_refuses_writes = False
    assert (await client.find_or_make_dkim(A, "dkim", 1024)).bits == 1024


@pytest.mark.parametrize("route", ["get/domain", "add/dkim"])
async def test_a_trace_that_is_no_json_is_not_shown(
    cow: MailcowDouble, client: Mailcow, route: str
) -> None:
    trace = b"Redis: RedisException: MISCONF in /web/json_api.php:25\nStack trace:\n#0 {main}"
    cow.says[route] = (200, "text/html", trace)
    error = await fail(cow, client.find_or_make_dkim(A, "dkim"))
    assert error.code == "mailcow-redis-refuses"
    assert "json_api" not in say(error)


@pytest.mark.parametrize("code", ["access_denied", "brand_new_code"])
async def test_what_is_there_after_another_refusal_may_be_half_of_it(
    cow: MailcowDouble, client: Mailcow, code: str
) -> None:
    body = json.dumps([{"type": "danger", "log": [], "msg": [code, "b.test"]}]).encode()
    cow.says["add/domain"] = (200, "application/json", body)
    cow.before_write = lambda: cow.add_domain("b.test")
    assert isinstance(await fail(cow, client.add_domain(B, DomainLimits())), BackendRefused)


async def test_a_domain_that_another_added_meanwhile_is_there(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.before_write = lambda: cow.add_domain("b.test")
    assert (await client.add_domain(B, DomainLimits())).domain == B


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


async def test_limits_that_nobody_set_are_left_to_the_admins_template(
    cow: MailcowDouble, client: Mailcow
) -> None:
    cow.default_template["max_num_mboxes_for_domain"] = 3
    assert await client.default_limits() == replace(LIMITS, mailboxes=3)
    await client.add_domain(B, DomainLimits(aliases=7, domain_quota=20480))
    sent = json.loads(next(call.body for call in cow.calls if call.method == "POST"))
    assert {"mailboxes", "defquota", "maxquota"}.isdisjoint(sent)
    assert (sent["aliases"], sent["quota"]) == ("7", "20480")
    row = cow.domains["b.test"]
    assert row["max_num_mboxes_for_domain"] == 3
    assert row["max_num_aliases_for_domain"] == 7
    assert row["max_quota_for_domain"] == 20480 * 2**20


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"[5]",
        b'[{"template":"Default"}]',
        b'[{"template":"Default","attributes":[]}]',
    ],
)
async def test_a_template_that_cannot_be_read_leaves_the_limits_unknown(
    cow: MailcowDouble, client: Mailcow, body: bytes
) -> None:
    cow.says["get/domain/template"] = (200, "application/json", body)
    assert await client.default_limits() == DomainLimits()
