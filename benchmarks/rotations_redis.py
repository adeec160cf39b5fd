"""A real Redis, into which the double of Mailcow writes its keys by one command after the other."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Self

from bot.demo.mailcow_double.redis_hashes import PRIVATE, SELECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable

REDIS = ("127.0.0.1", 6379)


class RedisConnection:
    """Writes hashes, one command after the other, and waits for the answer to each.

    `pause` is for how many seconds it waits before each command, as if Redis were far away.
    """

    def __init__(self, address: tuple[str, int] = REDIS) -> None:
        self.pause = 0.0
        # By domain, each time that this took place: when its selector was written, and its private
        # key; by the clock that other processes have, too.
        self.gaps: dict[str, list[tuple[float, float]]] = {}
        self._selector_at = ("", 0.0)
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def put(self, table: str, name: str, value: str, /) -> None:
        """Set a field of a hash."""
        self._do("HSET", table, name, value)
        if table == SELECTORS:
            self._selector_at = (name, time.time())
        elif table == PRIVATE:
            domain, since = self._selector_at
            self.gaps.setdefault(domain, []).append((since, time.time()))

    def drop(self, table: str, name: str, /) -> None:
        """Take a field out of a hash."""
        self._do("HDEL", table, name)

    def count_in_gaps(self, mails: Iterable[tuple[str, float, float]]) -> int:
        """Count the mails that were signed, or were not, while there was nothing to sign with.

        Each is the domain, and from when until when the mail server had it.
        """
        return sum(
            any(begin <= until and since <= end for begin, end in self.gaps.get(domain, ()))
            for domain, since, until in mails
        )

    def _do(self, *words: str) -> None:
        """Send a command and read its answer, which is a number.

        Raises RuntimeError where it is something else.
        """
        if self.pause:
            time.sleep(self.pause)
        octets = [word.encode() for word in words]
        lines = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in octets)
        self._socket.sendall(b"*%d\r\n%s" % (len(octets), lines))
        answer = self._answers.readline()
        if not answer.startswith(b":"):
            raise RuntimeError(f"Redis says {answer!r}")


class WrittenHash(dict[str, str]):
    """A hash of the double, each change of which is done in Redis first."""

    def __init__(self, redis: RedisConnection, table: str) -> None:
        super().__init__()
        self._redis = redis
        self._table = table

    def __setitem__(self, name: str, value: str) -> None:
        """Set a field here and there."""
        self._redis.put(self._table, name, value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        """Take a field out here and there."""
        self._redis.drop(self._table, name)
        super().__delitem__(name)

    def pop(self, name: str, /, *default: str) -> str:  # type: ignore[override]  # of text alone
        """Take a field out here and there, and return what it was."""
        self._redis.drop(self._table, name)
        return super().pop(name, *default)
