"""Each trap of Mailcow's copies: what it does, and that a rotation does not step into it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.mailcow_double.redis_hashes import PRIVATE, PUBLIC, SELECTORS
from bot.errors import BackendError, BackendRefused, BackendUnclear
from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.workshop_calls import WorkshopCalls
from bot.names import Domain
from bot.rotations.rotation import RotationStep
from key_walk import FORMER, FORWARD, NEW_SELECTOR, NEXT, WORKSHOP, KeyWalk, known, spare_pair
from mailcow_helpers import JSON, READ, A, B, connect, fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.mailcow.api import Mailcow

pytest_plugins = ["mailcow_fixtures"]

_T = RotationStep


async def fail_with(walk: KeyWalk, kind: type[BackendError], code: str, step: RotationStep) -> None:
    """Make the call of a step, which has to fail in this way."""
    error = await fail(walk.cow, walk.call(step))
    assert (type(error), error.code) == (kind, code)


def watch_writes(walk: KeyWalk) -> asyncio.Event:
    """Return what is set when the last part of a key is being written."""
    written = asyncio.Event()

    async def note(hash_name: str, _: str) -> None:
        if hash_name == PRIVATE:
            written.set()

    walk.cow.dkim.hashes.before_write = note
    return written


# ── what is copied ──────────────────────────────────────────────────────────────────────────────


async def test_a_source_without_private_key_is_copied_as_a_success_and_stops_the_signing(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.SWITCH)
    new = walk.cow.dkim[NEXT]
    walk.cow.dkim[NEXT] = DkimPair(new.selector, new.public, "")
    await walk.call(_T.SWITCH)
    # Nothing that Mailcow shows tells it: a mail that was sent does.
    assert (await walk.rotator.kept(A)).signing == walk.new
    assert walk.signing == "none"
    await walk.call(_T.RESTORE)
    assert walk.signing == "old"


async def test_mail_is_unsigned_after_a_lost_connection_until_the_switch_is_made_again(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.loses_redis = True
    await fail_with(walk, BackendUnclear, "mailcow-redis-refuses", _T.SWITCH)
    assert (await walk.rotator.kept(A)).signing == walk.new  # as if all were well
    assert walk.signing == "none"
    walk.cow.loses_redis = False
    await walk.call(_T.SWITCH)
    assert walk.signing == "new"


@pytest.mark.parametrize("step", [_T.SWITCH, _T.RESTORE])
async def test_a_switch_that_is_half_shown_can_be_made_again_and_undone(
    walk: KeyWalk, step: RotationStep
) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.dkim.hashes.writes_left = 1
    await fail_with(walk, BackendUnclear, "mailcow-redis-refuses", _T.SWITCH)
    shown = (await walk.rotator.kept(A)).signing
    assert shown is not None
    assert (shown.selector, shown.record.key) == (walk.old.selector, walk.new.record.key)
    assert walk.signing == "old"  # the private key goes by the selector
    walk.cow.dkim.hashes.writes_left = None
    await walk.call(step)
    assert walk.signing == ("new" if step is _T.SWITCH else "old")


async def test_a_redis_that_takes_no_writes_leaves_every_step_to_be_made_again(
    walk: KeyWalk,
) -> None:
    for step in FORWARD:
        walk.cow.redis_refuses_writes = True
        await fail_with(walk, BackendUnclear, "mailcow-redis-refuses", step)
        assert walk.signing == "old"
        walk.cow.redis_refuses_writes = False
        await walk.call_again(step)
    assert walk.signing == "new"
    assert walk.cow.routes("POST").count("add/domain") == 1  # the row was there the first time


async def test_two_switches_that_mix_are_noticed_by_reading(walk: KeyWalk) -> None:
    await walk.go(*FORWARD)
    entered, other_done = asyncio.Event(), asyncio.Event()

    async def hold(hash_name: str, name: str) -> None:
        if (hash_name, name) == (SELECTORS, "a.test") and not entered.is_set():
            entered.set()
            await other_done.wait()

    walk.cow.dkim.hashes.before_write = hold
    first = asyncio.create_task(fail(walk.cow, walk.call(_T.SWITCH)))
    await entered.wait()
    async with connect(walk.cow) as other:  # another process, as in this one they take turns
        await MailcowRotator(other).restore(A, walk.new, walk.old)
    other_done.set()
    error = await first
    assert (type(error), error.code) == (BackendUnclear, "mailcow-copy-unconfirmed")
    shown = (await walk.rotator.kept(A)).signing
    assert shown is not None
    assert (shown.selector, shown.record.key) == (NEW_SELECTOR, walk.old.record.key)
    walk.cow.dkim.hashes.before_write = None
    await walk.call(_T.RESTORE)
    assert (await walk.rotator.kept(A)).signing == walk.old
    assert walk.signing == "old"


async def test_two_switches_of_one_domain_in_this_process_take_turns(walk: KeyWalk) -> None:
    await walk.go(*FORWARD)
    under_way: list[tuple[str, str]] = []

    async def note(hash_name: str, name: str) -> None:
        under_way.append((hash_name, name))
        await asyncio.sleep(0.01)

    walk.cow.dkim.hashes.before_write = note
    await asyncio.gather(walk.call(_T.RESTORE), walk.call(_T.SWITCH), walk.call(_T.RESTORE))
    whole = [PUBLIC, SELECTORS, PRIVATE]
    assert [hash_name for hash_name, _ in under_way] == whole * 3
    assert walk.signing == "old"


async def test_a_key_that_somebody_makes_during_a_switch_is_noticed(walk: KeyWalk) -> None:
    await walk.go_before(_T.SWITCH)
    async with connect(walk.cow, settling=0.2) as client:
        walk.rotator = MailcowRotator(client)
        written = watch_writes(walk)
        switching = asyncio.create_task(fail(walk.cow, walk.call(_T.SWITCH)))
        await written.wait()
        await asyncio.sleep(0.05)  # it was shown once
        walk.cow.dkim["a.test"] = spare_pair(3)
        assert (await switching).code == "mailcow-copy-unconfirmed"


# ── names ───────────────────────────────────────────────────────────────────────────────────────

ODD_NAMES = [
    "A.test",
    "a.test,b.test",
    "a b.test",
    "a.test;b.test",
    "ä.test",
    "a.\\.test",
    "_a.test",
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_no_odd_name_ever_goes_out_in_a_copy_or_a_deletion(
    walk: KeyWalk, client: Mailcow, name: str
) -> None:
    labels = [label.encode() for label in name.split(".")]
    odd = Domain(dns.name.Name([*labels, b""]))  # no parser of ours makes such a one
    workshop = dns.name.from_text(WORKSHOP)
    below = Domain(dns.name.Name([*labels, b"next", *workshop.labels]))
    calls = WorkshopCalls(client)
    for asking in (
        calls.copy_key(below, odd),
        calls.copy_key(odd, below),
        calls.copy_key(Domain.from_ascii(WORKSHOP), below),
        calls.delete_key(odd),
        calls.delete_key(below),
        walk.rotator.keep_former(odd, walk.old),
        walk.rotator.switch(odd, walk.old, known(spare_pair(1))),
        walk.rotator.drop_next(odd),
    ):
        assert isinstance(await fail(walk.cow, asking), BackendRefused)
    assert walk.cow.calls == []


async def test_what_goes_out_is_one_name_as_text_and_never_a_list(walk: KeyWalk) -> None:
    await walk.go(*FORWARD, _T.RESTORE, _T.DROP_NEXT, _T.DROP_FORMER)
    for call in walk.cow.calls:
        if call.route == "add/dkim_duplicate":
            names = json.loads(call.body)
            assert names.keys() == {"from_domain", "to_domain"}
            assert all(isinstance(name, str) for name in names.values())
            assert all(Domain.from_ascii(name).ascii == name for name in names.values())
        if call.route == "delete/dkim":
            assert [name.endswith(WORKSHOP) for name in json.loads(call.body)] == [True]


@pytest.mark.parametrize("name", ["a.test", "kept.test", "xdkim-factory.invalid", "invalid.test"])
async def test_a_key_that_signs_is_never_deleted(
    cow: MailcowDouble, client: Mailcow, name: str
) -> None:
    error = await fail(cow, WorkshopCalls(client).delete_key(Domain.from_ascii(name)))
    assert error.code == "mailcow-delete-not-allowed"
    assert cow.calls == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a.test", "b.test"),
        ("a.test", NEXT),
        ("a.test", f"b.test.prev.{WORKSHOP}"),
        (NEXT, "b.test"),
        (NEXT, FORMER),
        (WORKSHOP, "a.test"),
        (WORKSHOP, WORKSHOP),
        ("a.test", WORKSHOP),
        (f"other.{WORKSHOP}", "a.test"),
    ],
)
async def test_a_key_is_copied_only_between_a_domain_and_its_own_copies(
    cow: MailcowDouble, client: Mailcow, source: str, target: str
) -> None:
    copying = WorkshopCalls(client).copy_key(Domain.from_ascii(source), Domain.from_ascii(target))
    assert isinstance(await fail(cow, copying), BackendRefused)
    assert cow.calls == []


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


def entry(kind: str, *msg: Any) -> dict[str, Any]:
    return {"type": kind, "log": ["secret"], "msg": msg[0] if len(msg) == 1 else list(msg)}


COPIED = entry("success", "dkim_duplicated", NEXT, "a.test")
UNCLEAR_ANSWERS: dict[str, object] = {
    "nothing was done": {"type": "success", "msg": "Task completed"},
    "a success of something else": [entry("success", "dkim_added", "a.test")],
    "the names are the other way round": [entry("success", "dkim_duplicated", "a.test", NEXT)],
    "another target": [entry("success", "dkim_duplicated", NEXT, "b.test")],
    "no names": [entry("success", "dkim_duplicated")],
    "twice": [COPIED, COPIED],
    "a success and a refusal": [COPIED, entry("danger", "redis_error", {})],
    "a refusal and a success": [entry("danger", "access_denied"), COPIED],
    "a warning beside it": [COPIED, entry("warning", "something")],
    "redis": [entry("danger", "redis_error", {})],
    "redis in PHP's words": [entry("danger", "Redis: RedisException: MISCONF")],
    "redis among refusals": [entry("danger", "access_denied"), entry("danger", "redis_error", {})],
    "an empty list": [],
    "an empty object": {},
    "a number": 7,
    "null": None,
}
REFUSALS: dict[str, object] = {
    "no admin": [entry("danger", "access_denied")],
    "no source": [entry("danger", "dkim_domain_or_sel_invalid", NEXT)],
    "an error": {"type": "error", "msg": "Cannot add item"},
    "no attributes": {"type": "error", "msg": "Cannot find attributes in post data"},
}


@pytest.mark.parametrize("said", UNCLEAR_ANSWERS.values(), ids=UNCLEAR_ANSWERS)
async def test_only_the_exact_success_is_one(walk: KeyWalk, said: object) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.says["add/dkim_duplicate"] = (200, JSON, json.dumps(said).encode())
    assert type(await fail(walk.cow, walk.call(_T.SWITCH))) is BackendUnclear


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_alone_is_one_as_nothing_was_done(walk: KeyWalk, said: object) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.says["add/dkim_duplicate"] = (200, JSON, json.dumps(said).encode())
    assert type(await fail(walk.cow, walk.call(_T.SWITCH))) is BackendRefused
    assert walk.signing == "old"


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_after_half_a_switch_is_no_reason_to_leave_it(
    walk: KeyWalk, said: object
) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.loses_redis = True
    await fail(walk.cow, walk.call(_T.SWITCH))
    walk.cow.says["add/dkim_duplicate"] = (200, JSON, json.dumps(said).encode())
    assert type(await fail(walk.cow, walk.call(_T.SWITCH))) is BackendUnclear


@pytest.mark.parametrize(
    ("step", "route"),
    [
        (_T.CLEAR_WORKSHOP, "delete/dkim"),
        (_T.MAKE_KEY, "add/dkim"),
        (_T.KEEP_NEXT, "add/dkim_duplicate"),
        (_T.KEEP_FORMER, "add/dkim_duplicate"),
        (_T.DROP_FORMER, "delete/dkim"),
    ],
)
@pytest.mark.parametrize("part", ["nothing was done", "a refusal and a success", "redis"])
async def test_each_call_wants_its_exact_success(
    walk: KeyWalk, step: RotationStep, route: str, part: str
) -> None:
    await walk.go_before(step)
    walk.cow.says[route] = (200, JSON, json.dumps(UNCLEAR_ANSWERS[part]).encode())
    assert type(await fail(walk.cow, walk.call(step))) is BackendUnclear


async def test_a_key_that_may_only_read_is_refused_and_nothing_is_changed(walk: KeyWalk) -> None:
    await walk.go_before(_T.SWITCH)
    before = dict(walk.cow.dkim)
    async with connect(walk.cow, write=READ) as reader:
        walk.rotator = MailcowRotator(reader)
        for step in FORWARD:
            if step is _T.OPEN_WORKSHOP:
                del walk.cow.domains[WORKSHOP]  # else there is nothing to do
            # There is no workshop to make one in, and no key in it to be copied.
            missing = {_T.MAKE_KEY: "mailcow-workshop-gone", _T.KEEP_NEXT: "mailcow-key-not-kept"}
            code = missing.get(step, "mailcow-key-read-only")
            await fail_with(walk, BackendRefused, code, step)
    assert dict(walk.cow.dkim) == before


async def test_private_keys_that_the_configuration_shows_are_dropped_unread(walk: KeyWalk) -> None:
    assert walk.cow.shows_private_keys
    await walk.go(*FORWARD)
    kept = await walk.rotator.kept(A)
    said = repr((kept, walk.rotator, await walk.rotator.find_leftovers((), ())))
    # Beside this the fixture looks through the log, and `fail` through every error.
    assert not [secret for secret in walk.cow.secrets() if secret in said]


# ── the workshop ────────────────────────────────────────────────────────────────────────────────


def switch_on(cow: MailcowDouble) -> None:
    cow.add_domain(WORKSHOP, active=1)


def make_alias(cow: MailcowDouble) -> None:
    cow.domains.pop(WORKSHOP, None)
    cow.add_alias_domain(WORKSHOP, "a.test")


def add_mailbox(cow: MailcowDouble) -> None:
    cow.add_domain(WORKSHOP, active=0)
    cow.add_mailbox(f"somebody@{WORKSHOP}")


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (switch_on, "mailcow-workshop-on"),
        (make_alias, "mailcow-workshop-on"),
        (add_mailbox, "mailcow-workshop-used"),
    ],
)
@pytest.mark.parametrize("step", [_T.OPEN_WORKSHOP, _T.MAKE_KEY])
async def test_no_key_is_made_in_a_workshop_that_somebody_uses(
    walk: KeyWalk, done: Callable[[MailcowDouble], None], code: str, step: RotationStep
) -> None:
    await walk.go_before(step)
    done(walk.cow)
    made = len(walk.cow.routes("POST"))
    await fail_with(walk, BackendRefused, code, step)
    assert len(walk.cow.routes("POST")) == made


async def test_no_key_is_made_where_the_workshop_was_deleted_meanwhile(walk: KeyWalk) -> None:
    await walk.go_before(_T.MAKE_KEY)
    del walk.cow.domains[WORKSHOP]
    await fail_with(walk, BackendRefused, "mailcow-workshop-gone", _T.MAKE_KEY)
    await walk.go(*FORWARD)
    assert walk.signing == "new"


async def test_a_key_that_is_in_the_workshop_is_not_taken_for_the_one_that_was_asked_for(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.MAKE_KEY)
    walk.cow.dkim[WORKSHOP] = DkimPair(NEW_SELECTOR, spare_pair(3).public, "")
    await fail_with(walk, BackendUnclear, "mailcow-workshop-taken", _T.MAKE_KEY)
    await walk.call_again(_T.MAKE_KEY)
    await walk.go(*FORWARD[3:])
    assert walk.signing == "new"


async def test_a_key_that_came_without_its_private_half_is_made_anew(walk: KeyWalk) -> None:
    await walk.go_before(_T.MAKE_KEY)
    walk.cow.loses_redis = True
    await fail_with(walk, BackendUnclear, "mailcow-redis-refuses", _T.MAKE_KEY)
    assert WORKSHOP in walk.cow.dkim  # and nothing shows that it is of no use
    walk.cow.loses_redis = False
    await walk.call_again(_T.MAKE_KEY)
    await walk.go(*FORWARD[3:])
    assert walk.signing == "new"


async def test_a_key_that_another_one_replaces_at_once_is_not_the_new_one(walk: KeyWalk) -> None:
    await walk.go_before(_T.MAKE_KEY)
    async with connect(walk.cow, settling=0.2) as client:
        walk.rotator = MailcowRotator(client)
        written = watch_writes(walk)
        making = asyncio.create_task(fail(walk.cow, walk.call(_T.MAKE_KEY)))
        await written.wait()
        await asyncio.sleep(0.05)
        walk.cow.dkim[WORKSHOP] = DkimPair(NEW_SELECTOR, spare_pair(0).public, "")
        error = await making
    assert (type(error), error.code) == (BackendUnclear, "mailcow-copy-unconfirmed")


# ── what somebody does in Mailcow's own pages ───────────────────────────────────────────────────


async def test_a_key_that_somebody_made_meanwhile_is_not_replaced(walk: KeyWalk) -> None:
    await walk.go_before(_T.SWITCH)
    theirs = walk.cow.dkim["a.test"] = spare_pair(3)
    for step in (_T.KEEP_FORMER, _T.SWITCH, _T.RESTORE):
        await fail_with(walk, BackendRefused, "mailcow-signs-otherwise", step)
    assert walk.cow.dkim.signing("a.test") == theirs


async def test_a_key_that_nobody_can_use_is_another_one(walk: KeyWalk) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.dkim["a.test"] = DkimPair("a b", walk.old_pair.public, "")
    await fail_with(walk, BackendRefused, "mailcow-signs-otherwise", _T.SWITCH)


async def test_a_deleted_key_is_no_reason_to_switch_but_one_to_put_the_old_one_back(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.SWITCH)
    del walk.cow.dkim["a.test"]
    await fail_with(walk, BackendRefused, "mailcow-signs-otherwise", _T.SWITCH)
    await walk.call(_T.RESTORE)
    assert walk.signing == "old"


@pytest.mark.parametrize("name", [NEXT, FORMER])
@pytest.mark.parametrize("other", [False, True])
async def test_nothing_is_switched_where_a_copy_is_gone_or_another_key(
    walk: KeyWalk, name: str, other: bool
) -> None:
    await walk.go_before(_T.SWITCH)
    del walk.cow.dkim[name]
    if other:
        walk.cow.dkim[name] = spare_pair(3)
    await fail_with(walk, BackendRefused, "mailcow-key-not-kept", _T.SWITCH)
    assert walk.signing == "old"


async def test_a_copy_that_is_gone_after_half_a_switch_is_not_called_harmless(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.SWITCH)
    walk.cow.loses_redis = True
    await fail(walk.cow, walk.call(_T.SWITCH))
    walk.cow.loses_redis = False
    del walk.cow.dkim[NEXT]
    await fail_with(walk, BackendUnclear, "mailcow-key-not-kept", _T.SWITCH)
    await walk.call(_T.RESTORE)
    assert walk.signing == "old"


async def test_nothing_is_put_back_where_the_old_key_signs_and_its_copy_is_gone(
    walk: KeyWalk,
) -> None:
    await walk.go_before(_T.SWITCH)
    del walk.cow.dkim[FORMER]
    made = len(walk.cow.routes("POST"))
    await walk.call(_T.RESTORE)
    assert len(walk.cow.routes("POST")) == made
    assert walk.signing == "old"


async def test_the_old_key_is_not_said_to_be_back_where_its_copy_is_gone(walk: KeyWalk) -> None:
    await walk.go(*FORWARD)
    del walk.cow.dkim[FORMER]
    await fail_with(walk, BackendRefused, "mailcow-key-not-kept", _T.RESTORE)
    assert walk.signing == "new"


# ── copies of before ────────────────────────────────────────────────────────────────────────────


async def test_a_copy_of_before_leaves_no_private_key_under_its_selector(walk: KeyWalk) -> None:
    for name in (NEXT, FORMER):
        walk.cow.dkim[name] = DkimPair("of-before", spare_pair(3).public, spare_pair(3).private)
    await walk.go(*FORWARD, _T.DROP_NEXT, _T.DROP_FORMER)
    assert walk.cow.dkim.hashes.private.keys() == {
        "old.kept.test",
        "dkim.a.test",
        f"{NEW_SELECTOR}.a.test",
    }


async def test_a_selector_that_is_used_already_is_refused(walk: KeyWalk) -> None:
    pair = spare_pair(1)
    same = known(DkimPair("DKIM", pair.public, pair.private))
    error = await fail(walk.cow, walk.rotator.switch(A, walk.old, same))
    assert (type(error), error.code) == (BackendRefused, "mailcow-same-selector")
    assert walk.cow.calls == []


async def test_another_key_than_the_one_that_was_meant_is_not_kept(walk: KeyWalk) -> None:
    await walk.go_before(_T.KEEP_NEXT)
    error = await fail(walk.cow, walk.rotator.keep_next(A, walk.old))
    assert error.code == "mailcow-key-not-kept"
    for asking in (walk.rotator.keep_former(A, walk.new), walk.rotator.keep_former(B, walk.old)):
        assert (await fail(walk.cow, asking)).code == "mailcow-signs-otherwise"
    assert walk.cow.dkim.keys() == {"a.test", "kept.test", WORKSHOP}
