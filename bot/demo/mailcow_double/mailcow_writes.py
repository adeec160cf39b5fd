"""The double's answers to POST, and what becomes of its state."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from bot.demo.mailcow_double.mailcow_state import DkimPair, fold
from bot.demo.mailcow_double.php_answers import (
    TASK_COMPLETED,
    PhpThrow,
    as_error,
    as_json,
    danger,
    redis_refusals,
    success,
)
from bot.demo.mailcow_double.redis_hashes import RedisLost

if TYPE_CHECKING:
    from bot.demo.mailcow_double.mailcow_state import MailcowState
    from bot.demo.mailcow_double.php_answers import Message, PhpAnswer

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)  # one label, too
_SELECTOR = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")
_MIB = 2**20
# The fields of `add/domain` that are limits, as the row has them and in which unit.
_LIMITS = {
    "mailboxes": ("max_num_mboxes_for_domain", 1),
    "aliases": ("max_num_aliases_for_domain", 1),
    "defquota": ("def_quota_for_mbox", _MIB),
    "maxquota": ("max_quota_for_mbox", _MIB),
    "quota": ("max_quota_for_domain", _MIB),
}


async def write(state: MailcowState, action: str, route: list[str], fields: Any) -> PhpAnswer:
    """Return the answer to `{action}/{route}`; raises PhpThrow where its PHP throws."""
    if "/".join((action, *route)) in state.throws:
        raise PhpThrow
    match action, route, fields:
        case "add", ["dkim"], dict():
            return await _add_dkim(state, fields)
        case "add", ["dkim_duplicate"], dict():
            return await _copy_dkim(state, fields)
        case "add", ["domain"], dict():
            return as_json(await _add_domain(state, fields))
        case "delete", ["dkim"], list():
            return await _delete_keys(state, fields)
        case "delete", ["domain"], list():
            return _or_nothing([_delete_domain(state, name) for name in fields])
        case "add" | "delete", ["dkim" | "dkim_duplicate" | "domain"], _:
            raise PhpThrow  # input of the wrong type: a TypeError
    return as_error(404, "route not found")


def add_without_key(state: MailcowState, route: list[str], fields: Any) -> PhpAnswer:
    """Return the answer to `add/{route}` where the request has no key; nothing is done."""
    if route != ["dkim"]:
        return as_json([danger("access_denied")])
    names = _names(fields)
    return _or_nothing(
        [
            danger(["dkim_domain_or_sel_invalid" if name in state.dkim else "access_denied", name])
            for name in names
        ]
    )


def _or_nothing(said: list[Message]) -> PhpAnswer:
    """Return the messages; where there are none, Mailcow says that the task is completed."""
    return as_json(said or TASK_COMPLETED)


def _names(fields: Any) -> list[str]:
    domains = fields.get("domains", "") if isinstance(fields, dict) else None
    if not isinstance(domains, str):
        raise PhpThrow  # `domains` is split as text
    return [name.strip() for name in re.split(r"[ ,;\n]", domains) if name.strip()]


async def _add_dkim(state: MailcowState, fields: dict[str, Any]) -> PhpAnswer:
    names = _names(fields)
    selector, size = str(fields.get("dkim_selector", "dkim")), str(fields.get("key_size", ""))
    if state.redis_refuses_writes and names:
        return as_json(redis_refusals())
    return _or_nothing([await _make_pair(state, name, selector, size) for name in names])


async def _make_pair(state: MailcowState, name: str, selector: str, size: str) -> Message:
    bits = int(size) if size.isdigit() else 0
    sound = _DOMAIN.fullmatch(name) and _SELECTOR.fullmatch(selector)
    if not sound or bits < 512 or name in state.dkim:
        return danger(["dkim_domain_or_sel_invalid", name])
    if not state.knows(name):
        return danger(["access_denied", name])
    held = state.held
    await asyncio.sleep(state.add_delay)
    ready = state.prepared.get(name)
    if ready is None and state.ready_keys:
        ready = state.ready_keys.popleft()
    if ready is not None:
        pair = DkimPair(selector, ready.public, ready.private)
    else:
        pair = await asyncio.to_thread(DkimPair.make, selector, bits)
    if held is not None:
        await held.wait()
    try:
        await state.dkim.hashes.put(name, selector, pair.public, pair.private)
    except RedisLost:
        return danger(["redis_error", {}])
    state.keys_made[name] += 1  # whoever is last wins
    return success(["dkim_added", name], pair.private)


async def _copy_dkim(state: MailcowState, fields: dict[str, Any]) -> PhpAnswer:
    """Copy a key, over the one that is there; neither domain needs a row."""
    source, targets = fields.get("from_domain"), fields.get("to_domain") or []
    names = targets if isinstance(targets, list) else [targets]
    if not isinstance(source, str) or not all(isinstance(name, str) for name in names):
        raise PhpThrow
    pair = state.dkim.get(source)
    if pair is None or not pair.public:
        return as_json([danger(["dkim_domain_or_sel_invalid", source])])
    wanted = [name for name in names if name]
    if state.redis_refuses_writes and wanted:
        return as_json(redis_refusals())
    return _or_nothing([await _copy_to(state, source, name, pair) for name in wanted])


async def _copy_to(state: MailcowState, source: str, name: str, pair: DkimPair) -> Message:
    """Copy a pair as it was read; capitals, blanks and commas are part of the name.

    A private key that the source lacks is copied, too: as an empty one, over what was there.
    """
    try:
        await state.dkim.hashes.put(name, pair.selector, pair.public, pair.private)
    except RedisLost:
        return danger(["redis_error", {}])
    return success(["dkim_duplicated", source, name])


async def _add_domain(state: MailcowState, fields: dict[str, Any]) -> list[Message]:
    name = fold(str(fields.get("domain", "")).strip())
    row = {**state.default_template}
    for given, (column, unit) in _LIMITS.items():
        if str(fields.get(given, "")).strip():
            row[column] = int(fields[given]) * unit
    refusal = _refuse_domain(state, name, row)
    if refusal is not None:
        return [danger(refusal)]
    state.add_domain(name, active=int(fields.get("active", 1)), **row)
    if state.redis_refuses_writes:  # the row is there, and neither a key nor the entry in the map
        return redis_refusals()
    state.domain_map.add(name)
    said = []
    size, selector = str(fields.get("key_size", "2048")), fields.get("dkim_selector", "dkim")
    if size != "0":
        if name in state.dkim:
            said.append(success("domain_add_dkim_available"))
        else:
            said.append(await _make_pair(state, name, str(selector), size))
    state.sogo_restarts += bool(int(fields.get("restart_sogo", 0)))
    return [*said, success(["domain_added", name])]


def _refuse_domain(state: MailcowState, name: str, row: dict[str, int]) -> object:
    """Return why a domain is not added; None where it is, whoever it belongs to."""
    if not _DOMAIN.fullmatch(name):
        return "domain_invalid"
    if name == state.hostname:
        return "domain_cannot_match_hostname"
    if row["def_quota_for_mbox"] > row["max_quota_for_mbox"]:
        return "mailbox_defquota_exceeds_mailbox_maxquota"
    if row["def_quota_for_mbox"] <= 0:
        return "defquota_empty"
    if row["max_quota_for_mbox"] <= 0:
        return "maxquota_empty"
    if row["max_quota_for_mbox"] > row["max_quota_for_domain"]:
        return "mailbox_quota_exceeds_domain_quota"
    return ["domain_exists", name] if state.knows(name) else None


async def _delete_keys(state: MailcowState, names: list[object]) -> PhpAnswer:
    if state.redis_refuses_writes and names:
        return as_json(redis_refusals())
    return _or_nothing([await _delete_dkim(state, name) for name in names])


async def _delete_dkim(state: MailcowState, name: object) -> Message:
    if not isinstance(name, str) or not _DOMAIN.fullmatch(name):
        return danger(["dkim_domain_or_sel_invalid", name])
    try:
        await state.dkim.hashes.remove(name)
    except RedisLost:
        return danger(["redis_error", {}])
    return success(["dkim_removed", name])


def _delete_domain(state: MailcowState, name: object) -> Message:
    known = fold(name) if isinstance(name, str) else ""
    if known not in state.domains:
        return danger(["access_denied", name])
    if any(box["domain"] == known for box in state.mailboxes.values()):
        return danger(["domain_not_empty", name])
    del state.domains[known]  # its DKIM key stays
    state.domain_map.discard(known)
    return success(["domain_removed", name])
