"""A cache of what texts were parsed into, bounded by the size of these texts."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Characters of the texts in one cache. Values of tags and terms one character long take up to a
# hundred times as much memory as the text that they stand in.
MOST_KEPT: Final = 32_768
_EACH: Final = 64  # characters that an entry counts for besides, so that empty texts count as well


class TextCache(Generic[T]):
    """Calls a function of one text, and gives the same value again for a text that it has kept.

    Of several thousand characters in all it keeps the texts that were used last. It is used as a
    decorator; the function must be pure, and its values never change. Threads may share it: test
    mails are judged beside the event loop.
    """

    def __init__(self, parse: Callable[[str], T]) -> None:
        self.__doc__ = parse.__doc__
        self._parse = parse
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def __call__(self, text: str) -> T:
        """Return the value of a text."""
        try:
            value = self._kept[text]
            self._kept.move_to_end(text)
        except KeyError:  # not there, or no longer: another thread needed the room
            return self._read_anew(text)
        return value

    def _read_anew(self, text: str) -> T:
        value = self._parse(text)
        with self._lock:
            if text not in self._kept:  # another thread may have been faster
                self._size += len(text) + _EACH
            self._kept[text] = value
            while self._size > MOST_KEPT and len(self._kept) > 1:
                oldest, _ = self._kept.popitem(last=False)
                self._size -= len(oldest) + _EACH
        return value

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that are kept now, the one used last as the last."""
        return tuple(self._kept)
