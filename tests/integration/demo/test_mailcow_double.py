"""Mailcow's double answers as was measured, also what our client never asks."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from bot.demo.mailcow_double import SECRET_IN_LOG, MailcowDouble
from mailcow_helpers import JSON, READ, WRITE

pytest_plugins = ["mailcow_fixtures"]


async def _call(cow: MailcowDouble, route: str, **options: Any) -> tuple[int, str, bytes]:
    """Call the double without our client."""
    method = "POST" if "data" in options else "GET"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{cow.url}/api/v1/{route}", **options) as response,
    ):
        return response.status, response.content_type, await response.read()


async def test_double_answers_as_measured_without_a_key(cow: MailcowDouble) -> None:
    assert await _call(cow, "get/status/version") == (200, "text/html", b"")
    status, _, body = await _call(cow, "add/dkim", data=b"{}")
    assert (status, json.loads(body)[0]["msg"]) == (200, "access_denied")
    assert (await _call(cow, "edit/domain", data=b"{}"))[0] == 403
    assert (await _call(cow, "delete/domain", data=b"{}"))[0] == 403


async def test_double_is_as_picky_about_bodies_as_measured(cow: MailcowDouble) -> None:
    sent = {"X-API-Key": WRITE}
    plain = await _call(cow, "add/dkim", data=b"{}", headers={**sent, "Content-Type": "text/plain"})
    assert plain[0] == 200
    assert b"Cannot find attributes in post data" in plain[2]
    sent["Content-Type"] = JSON
    assert (await _call(cow, "add/dkim", data=b"{", headers=sent))[0] == 400
    assert await _call(cow, "add/dkim", data=b'{"domains":["a.test"]}', headers=sent) == (
        200,
        "text/html",
        b"",
    )
    status, _, body = await _call(cow, "add/dkim", data=b'{"domain":"a.test"}', headers=sent)
    assert (status, json.loads(body)["msg"]) == (200, "Task completed")
    assert (await _call(cow, "add/nothing", data=b"{}", headers=sent))[0] == 404
    assert (await _call(cow, "get/nothing", headers=sent))[0] == 404


async def test_double_splits_decoded_paths_again(cow: MailcowDouble) -> None:
    cow.add_mailbox("me@a.test")
    sent = {"X-API-Key": READ}
    other = "get/domain/x.test?query=get/mailbox/all"
    for route in ("get/mailbox/all%2Funknown.test", other):
        assert b"me@a.test" in (await _call(cow, route, headers=sent))[2]


async def test_double_shows_private_keys_and_repeats_requests(cow: MailcowDouble) -> None:
    _, _, body = await _call(cow, "get/dkim/kept.test", headers={"X-API-Key": READ})
    assert json.loads(body)["privkey"]
    sent = {"X-API-Key": WRITE, "Content-Type": JSON}
    fields = b'{"domains":"a.test,b.test","dkim_selector":"x","key_size":"1024"}'
    _, _, body = await _call(cow, "add/dkim", data=fields, headers=sent)
    said = json.loads(body)
    assert [entry["type"] for entry in said] == ["success", "danger"]
    assert SECRET_IN_LOG in json.dumps(said)
    assert (await _call(cow, "get/dkim/A.TEST", headers=sent))[2] == b"{}"
