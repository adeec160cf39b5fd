"""The double's answers to GET."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from bot.demo.mailcow_double.mailcow_state import fold
from bot.demo.mailcow_double.php_answers import PhpThrow, as_error, as_json, as_list

if TYPE_CHECKING:
    from bot.demo.mailcow_double.mailcow_state import DkimPair, MailcowState
    from bot.demo.mailcow_double.php_answers import PhpAnswer


def read(state: MailcowState, route: list[str]) -> PhpAnswer:
    """Return the answer to `get/{route}`; raises PhpThrow where its PHP throws."""
    if "/".join(("get", *route)) in state.throws:
        raise PhpThrow
    match route:
        case ["status", "version"]:
            return as_json({"version": state.version})
        case ["domain", "all"]:
            return as_list(state.domains.values())
        case ["domain", "template", "all"]:
            return as_list([_template(state)])
        case ["domain", name]:
            known = fold(name)
            # Of an alias domain it tells the target's row.
            return as_json(state.domains.get(state.alias_domains.get(known, known), {}))
        case ["alias-domain", "all"]:
            return as_list(_alias(state, *pair) for pair in state.alias_domains.items())
        case ["dkim", name]:
            pair = state.dkim.get(name)  # case-sensitive, no IDN conversion, no look for a row
            return as_json(_show(state, pair) if pair else {})
        case ["mailbox", "all"]:
            return as_list(state.mailboxes.values())
        case ["mailbox", "all", name]:
            boxes, known_domain = state.mailboxes.values(), name in state.domains
            return as_list(box for box in boxes if not known_domain or box["domain"] == name)
        case ["mailbox", address]:
            return as_json(state.mailboxes.get(address, {}))
        case ["quarantine", "all"]:
            return as_json([])  # the one list that is empty as a list
    return as_error(404, "route not found")


def _alias(state: MailcowState, alias: str, target: str) -> dict[str, Any]:
    active = int(alias not in state.inactive_aliases)
    return {"alias_domain": alias, "target_domain": target, "active": active}


def _template(state: MailcowState) -> dict[str, Any]:
    attributes = {**state.default_template, "active": 1, "dkim_selector": "dkim", "key_size": 2048}
    return {"id": 1, "template": "Default", "type": "domain", "attributes": attributes}


def _show(state: MailcowState, pair: DkimPair) -> dict[str, Any]:
    text = f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}"
    if state.splits_txt:
        parts = [text[at : at + 255] for at in range(0, len(text), 255)]
        text = " ".join(f'"{part}"' for part in parts)
    size = len(pair.public)
    private = base64.b64encode(pair.private.encode()).decode()
    return {
        "pubkey": pair.public,
        "length": "1024" if size < 391 else "2048" if size < 736 else "4096",
        "dkim_txt": text,
        "dkim_selector": pair.selector or False,  # where none was written
        "privkey": private if state.shows_private_keys else "",
    }
