"""The hashes of Redis in which Mailcow keeps its DKIM keys, and the order of its writes to them.

A mail server that signs by them sees each write by itself: between two there is the new selector
and not yet the private key under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from bot.demo.mailcow_double.mailcow_state import DkimPair

PUBLIC_KEYS: Final = "DKIM_PUB_KEYS"  # by domain
SELECTORS: Final = "DKIM_SELECTORS"  # by domain
PRIVATE_KEYS: Final = "DKIM_PRIV_KEYS"  # PEM by "selector.domain"


class RedisHashes(Protocol):
    """A Redis; each call is one command, which is done when it returns."""

    def put(self, table: str, name: str, value: str, /) -> None:
        """Set a field of a hash (HSET)."""
        ...

    def drop(self, table: str, name: str, /) -> None:
        """Take a field out of a hash (HDEL)."""
        ...


def write_pair(redis: RedisHashes | None, domain: str, pair: DkimPair) -> None:
    """Write a key as a new one and a copied one are written; nothing where there is no Redis.

    What the domain had before stays under its own selector.
    """
    if redis is not None:
        redis.put(PUBLIC_KEYS, domain, pair.public)
        redis.put(SELECTORS, domain, pair.selector)
        redis.put(PRIVATE_KEYS, f"{pair.selector}.{domain}", pair.private)


def drop_pair(redis: RedisHashes | None, domain: str, pair: DkimPair | None) -> None:
    """Take a key out as `delete/dkim` does, whether the domain has one or not."""
    if redis is not None:
        redis.drop(PUBLIC_KEYS, domain)
        redis.drop(PRIVATE_KEYS, f"{pair.selector if pair else ''}.{domain}")
        redis.drop(SELECTORS, domain)
