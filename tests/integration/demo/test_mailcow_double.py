"""Mailcow's double answers as the real one was measured to, call by call and over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml
from yarl import URL

from bot.demo.mailcow_double.double_server import ApiKey, MailcowFault
from bot.demo.mailcow_double.php_answers import SECRET_IN_LOG
from mailcow_helpers import JSON, READ, WRITE

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble

pytest_plugins = ["mailcow_fixtures"]

Row = dict[str, Any]
TABLE: list[Row] = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "mailcow_answers.yaml").read_text(encoding="utf-8")
)
ELSEWHERE, DISABLED = "ELSEWH-0KEY00-000000", "DISABL-0KEY00-000000"
KEYS = {
    "read": READ,
    "write": WRITE,
    "wrong": "WRONG0-0KEY00-000000",
    "disabled": DISABLED,
    "elsewhere": ELSEWHERE,
    "none": None,
}


async def call(cow: MailcowDouble, row: Row) -> tuple[int, str, bytes]:
    """Make a call of the table without our client; return status, content type and body."""
    method, route = row["do"].split(" ", 1)
    key = KEYS[row["key"]]
    headers = {} if key is None else {"X-API-Key": key}
    data = None
    if "send" in row or "raw" in row:
        headers["Content-Type"] = JSON
        data = row["raw"].encode() if "raw" in row else json.dumps(row["send"]).encode()
    headers |= row.get("headers", {})
    url = URL(f"{cow.url}/api/v1/{route}", encoded=route.isascii())
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=data, headers=headers) as response,
    ):
        return response.status, response.content_type, await response.read()


def is_like(found: Any, wanted: Any) -> bool:
    """Whether an answer is as the table has it; see its head."""
    if wanted == "*":
        return True
    if isinstance(wanted, str) and wanted.endswith("…"):
        return isinstance(found, str) and found.startswith(wanted[:-1])
    if isinstance(wanted, dict) and isinstance(found, dict):
        more = found.keys() - {"log"} - wanted.keys()
        if not wanted:
            return not more
        return all(name in found and is_like(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(is_like, found, wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def set_up(cow: MailcowDouble, state: Row) -> None:
    cow.shows_private_keys = False
    cow.add_domain("off.test", active=0)
    cow.add_alias_domain("adoff.test", "a.test", active=False)
    cow.keys[DISABLED] = ApiKey(may_write=True, active=False)
    cow.keys[ELSEWHERE] = ApiKey(may_write=True, addresses=("192.0.2.1",))
    for name, value in state.items():
        match name:
            case "add":
                cow.add_domain(value)
            case "mailbox":
                cow.add_mailbox(value)
            case "mood":
                cow.mood = MailcowFault[value]
            case "throws":
                cow.throws = set(value)
            case "default_template":
                cow.default_template |= value
            case _:
                assert hasattr(cow, name)
                setattr(cow, name, value)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["about"])
async def test_it_answers_as_the_real_one_did(cow: MailcowDouble, row: Row) -> None:
    set_up(cow, row.get("state", {}))
    for one in row["calls"]:
        status, content_type, body = await call(cow, one)
        shown = (one["do"], status, content_type, body[:300])
        assert status == one["status"], shown
        assert content_type == one.get("type", content_type), shown
        if "json" in one:
            assert is_like(json.loads(body), one["json"]), shown
        elif "html" in one:
            assert one["html"].encode() in body, shown
        else:
            assert body == one.get("body", body.decode()).encode(), shown


def test_the_table_has_each_kind_of_answer_that_the_double_gives() -> None:
    calls = [one for row in TABLE for one in row["calls"]]
    assert {one["status"] for one in calls} == {200, 400, 401, 403, 404, 405, 500, 502}
    assert {one["key"] for one in calls} == KEYS.keys()
    assert len({row["about"] for row in TABLE}) == len(TABLE)


async def test_every_call_leaves_a_session_and_writes_repeat_what_was_sent(
    cow: MailcowDouble,
) -> None:
    fields = {"domains": "a.test", "dkim_selector": "x", "key_size": "1024"}
    row = {"do": "POST add/dkim", "key": "write", "send": fields}
    _, _, body = await call(cow, row)
    assert SECRET_IN_LOG in body.decode()
    await call(cow, {"do": "GET get/status/version", "key": "none"})
    assert cow.sessions == 2


async def test_a_key_that_is_copied_without_its_private_half_signs_nothing(
    cow: MailcowDouble,
) -> None:
    cow.loses_redis = True
    switch = {"from_domain": "kept.test", "to_domain": "a.test"}
    await call(cow, {"do": "POST add/dkim_duplicate", "key": "write", "send": switch})
    assert (cow.dkim["a.test"].public, cow.dkim["a.test"].private) == (
        cow.dkim["kept.test"].public,
        "",
    )
    cow.loses_redis = False
    await call(cow, {"do": "POST add/dkim_duplicate", "key": "write", "send": switch})
    assert cow.dkim["a.test"] == cow.dkim["kept.test"]
