"""The three hashes of Mailcow's Redis that hold DKIM keys, as its PHP writes and rspamd reads them.

A key is written one hash after the other, so what is cut short in between leaves a half of it, and
two that write at once can mix. Nothing takes away the private key of a selector of before.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PUBLIC, SELECTORS, PRIVATE = "DKIM_PUB_KEYS", "DKIM_SELECTORS", "DKIM_PRIV_KEYS"


class RedisLost(Exception):  # noqa: N818 - it is PHP's RedisException, and never reaches a caller
    """The connection to Redis is lost, so that this and no later write of a call is done."""


@dataclass
class RedisHashes:
    """The hashes, and what becomes of writes; tests change its fields."""

    public: dict[str, str] = field(default_factory=dict)  # by domain, as the next
    selectors: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)  # by selector, dot and domain

    loses_private: bool = False  # the connection, before each write of a private key
    writes_left: int | None = None  # so many are done, and then the connection is lost
    # Awaited before each write, with its hash and field; it may raise RedisLost.
    before_write: Callable[[str, str], Awaitable[object]] | None = None

    async def put(self, name: str, selector: str, public: str, private: str) -> None:
        """Write a key in the order of Mailcow's PHP; raises RedisLost."""
        await self._let(PUBLIC, name)
        self.public[name] = public
        await self._let(SELECTORS, name)
        self.selectors[name] = selector
        await self._let(PRIVATE, f"{selector}.{name}")
        self.private[f"{selector}.{name}"] = private

    async def remove(self, name: str) -> None:
        """Delete a key in the order of Mailcow's PHP; raises RedisLost."""
        selector = self.selectors.get(name, "")
        await self._let(PUBLIC, name)
        self.public.pop(name, None)
        await self._let(PRIVATE, f"{selector}.{name}")
        self.private.pop(f"{selector}.{name}", None)
        await self._let(SELECTORS, name)
        self.selectors.pop(name, None)

    def private_of(self, name: str) -> str:
        """Return the private key that a domain's mail is signed with; empty: it is not signed."""
        return self.private.get(f"{self.selectors.get(name)}.{name}", "")

    async def _let(self, hash_name: str, key: str) -> None:
        if self.before_write is not None:
            await self.before_write(hash_name, key)
        if hash_name == PRIVATE and self.loses_private:
            raise RedisLost
        if self.writes_left is not None:
            if self.writes_left < 1:
                raise RedisLost
            self.writes_left -= 1


@lru_cache(maxsize=64)
def public_of(private: str) -> str:
    """Return the public key of a private one, as Mailcow shows it; empty where it is none."""
    try:
        key = serialization.load_pem_private_key(private.encode(), None)
    except ValueError:
        return ""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(public).decode()
