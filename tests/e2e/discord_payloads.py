"""What Discord says: users, members, interactions; and what is in the messages it is given."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

APPLICATION = 100000000000000001
GUILD = 100000000000000002
CHANNEL = 100000000000000003
MEMBER = 100000000000000004
BUTTON, SELECT, TEXT = 2, 3, 10  # types of components
_NOW = "2026-11-22T12:00:00+00:00"


def describe_bot() -> Json:
    return {**_describe_user(APPLICATION, "cowbell"), "bot": True}


def describe_application() -> Json:
    return {
        "id": str(APPLICATION),
        "name": "cowbell",
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "",
        "flags": 0,
        "team": None,
        "owner": _describe_user(MEMBER, "ann"),
    }


def describe_interaction(number: str, kind: int, data: Json) -> Json:
    """Return an interaction of a member in a server."""
    return {
        "id": number,
        "application_id": str(APPLICATION),
        "type": kind,
        "data": data,
        "token": f"interaction-{number}",
        "version": 1,
        "guild_id": str(GUILD),
        "channel_id": str(CHANNEL),
        "channel": {"id": str(CHANNEL), "type": 0, "name": "mail", "position": 0},
        "member": describe_member(MEMBER),
        "locale": "en-US",
        "guild_locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(GUILD)},
        "context": 0,
        "attachment_size_limit": 10_000_000,
        "app_permissions": "0",
    }


def describe_member(number: int) -> Json:
    return {
        "user": _describe_user(number, "ann"),
        "roles": [],
        "joined_at": _NOW,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "nick": None,
        "avatar": None,
        "flags": 0,
        "permissions": "0",
    }


def describe_message(number: str, flags: int, components: list[Json]) -> Json:
    """Return a message of the bot."""
    return {
        "id": number,
        "type": 0,
        "channel_id": str(CHANNEL),
        "author": describe_bot(),
        "content": "",
        "timestamp": _NOW,
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "flags": flags,
        "components": components,
    }


def walk(body: Json, kind: int | None = None) -> list[Json]:
    """Return the components of a message in their order, the nested ones too."""
    found = []
    for part in body.get("components", []):
        found += [part] if kind in (None, part["type"]) else []
        found += walk(part, kind)
    return found


def text_of(message: Json) -> str:
    """Return what there is to read in a message."""
    return "\n".join(part["content"] for part in walk(message, TEXT))


def button(message: Json, action: str) -> str:
    """Return the custom_id of a card's button."""
    ids = [str(part.get("custom_id")) for part in walk(message, BUTTON)]
    return next(number for number in ids if number.startswith(f"cowbell:{action}:"))


def _describe_user(number: int, name: str) -> Json:
    return {
        "id": str(number),
        "username": name,
        "discriminator": "0",
        "global_name": name.title(),
        "avatar": None,
    }
