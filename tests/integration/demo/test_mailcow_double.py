"""Mailcow's double answers as the real one was measured to, call by call and over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml
from yarl import URL

from bot.demo.mailcow_double.double_server import ApiKey, MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
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


COPY = {"from_domain": "kept.test", "to_domain": "a.test"}


async def ask(cow: MailcowDouble, route: str, sent: object) -> Any:
    """Return what a write is answered with."""
    _, _, body = await call(cow, {"do": f"POST {route}", "key": "write", "send": sent})
    return json.loads(body)


async def test_a_key_that_is_copied_without_its_private_half_signs_nothing(
    cow: MailcowDouble,
) -> None:
    cow.loses_redis = True
    await ask(cow, "add/dkim_duplicate", COPY)
    assert cow.dkim["a.test"].public == cow.dkim["kept.test"].public
    assert cow.dkim.signing("a.test") is None
    cow.loses_redis = False
    await ask(cow, "add/dkim_duplicate", COPY)
    assert cow.dkim.signing("a.test") == cow.dkim["a.test"] == cow.dkim["kept.test"]


async def test_a_source_without_private_key_takes_away_the_one_that_was_there(
    cow: MailcowDouble,
) -> None:
    await ask(cow, "add/dkim_duplicate", COPY)
    cow.dkim["kept.test"] = replace(cow.dkim["kept.test"], private="")
    (said,) = await ask(cow, "add/dkim_duplicate", COPY)
    assert (said["type"], said["msg"]) == ("success", ["dkim_duplicated", "kept.test", "a.test"])
    assert cow.dkim.signing("a.test") is None


async def test_the_private_key_of_a_selector_of_before_stays_and_goes_by_that_selector(
    cow: MailcowDouble,
) -> None:
    before = cow.dkim["a.test"] = DkimPair.make("before", 1024)
    await ask(cow, "add/dkim_duplicate", COPY)
    assert cow.dkim.hashes.private["before.a.test"] == before.private
    cow.dkim.hashes.selectors["a.test"] = "before"  # another switch, in the middle of this one
    signing = cow.dkim.signing("a.test")
    assert signing == before  # whichever public key is shown
    assert cow.dkim["a.test"].public == cow.dkim["kept.test"].public
    await ask(cow, "delete/dkim", ["a.test"])
    assert {name for name in cow.dkim.hashes.private if name.endswith(".a.test")} == {"old.a.test"}


@pytest.mark.parametrize("left", [0, 1, 2, 3])
async def test_a_lost_connection_leaves_as_much_of_a_key_as_was_written(
    cow: MailcowDouble, left: int
) -> None:
    cow.dkim.hashes.writes_left = left
    (said,) = await ask(cow, "add/dkim_duplicate", COPY)
    assert said["msg"][0] == ("dkim_duplicated" if left == 3 else "redis_error")
    hashes = cow.dkim.hashes
    there = [
        "a.test" in hashes.public,
        "a.test" in hashes.selectors,
        "old.a.test" in hashes.private,
    ]
    assert there == [number < left for number in range(3)]
    row = {"do": "GET get/dkim/a.test", "key": "read"}
    shown = json.loads((await call(cow, row))[2])
    assert shown.get("dkim_selector") == (None, False, "old", "old")[left]


async def test_a_redis_that_takes_no_writes_neither_copies_nor_deletes(cow: MailcowDouble) -> None:
    cow.redis_refuses_writes = True
    for route, sent in (("add/dkim_duplicate", COPY), ("delete/dkim", ["kept.test"])):
        said = await ask(cow, route, sent)
        assert [one["type"] for one in said] == ["danger", "danger"]
        assert said[0]["msg"].startswith("Redis: RedisException")
    assert cow.dkim.keys() == {"kept.test"}
