"""Reads the reply of a web server as it comes in, and gives up on one that has no end (RFC 9112).

A library reads such replies as well, but whatever is sent before the final one without end: each
interim answer is small, and thousands of them fit into one packet.
"""

from __future__ import annotations

import http.client
import io
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from email.message import Message

LARGEST_HEAD: Final = 16 * 1024  # octets before the body, interim answers included
_MOST_INTERIM: Final = 3  # answers such as 103 (RFC 8297) before the final one
_MOST_CHUNKS: Final = 1_000  # of one body; a server that sends a small page needs a few
_LONGEST_LINE: Final = 256  # octets before a chunk
_LARGEST_FRAMING: Final = 16 * 1024  # octets around the chunks of a body

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class ReplyState(Enum):
    """How far a reply has come."""

    UNFINISHED = auto()
    COMPLETE = auto()
    TOO_BIG = auto()  # the body is larger than wanted
    ODD = auto()  # not as HTTP wants it, or more around the body than anybody needs


class PageReply:
    """The reply to one request, filled with what comes in; `largest` are the octets of its body.

    Reading takes time in proportion to what is fed, however it is cut.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._data = bytearray()
        self._searched = 0  # where no end of a head is before
        self._heads = 0  # octets of heads that were read
        self._interim = 0
        self._length: int | None = None  # of the body; None: until the end of the connection
        self._chunks: _Chunks | None = None
        self.status = 0  # of the final answer; 0 while there is none
        self.media_type = ""
        self.location = ""  # of a redirect (RFC 9110 section 10.2.2)
        self.body = bytearray()

    def feed(self, data: bytes) -> ReplyState:
        """Take what came in, and return how far the reply has come."""
        self._data += data
        while not self.status:
            state = self._read_head()
            if state is not None:
                return state
        return self._read_body()

    def end(self) -> ReplyState:
        """Return how far the reply has come where nothing more follows."""
        ends_with_connection = self.status and self._length is None and self._chunks is None
        return ReplyState.COMPLETE if ends_with_connection else ReplyState.UNFINISHED

    def _read_head(self) -> ReplyState | None:
        """Read one head; return None where one was read, else why there is none."""
        end = self._data.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self._data)
        if self._heads + (len(self._data) if end < 0 else end) > LARGEST_HEAD:
            return ReplyState.ODD
        if end < 0:
            return ReplyState.UNFINISHED
        head = bytes(self._data[: end + 4])
        del self._data[: end + 4]
        self._heads += len(head)
        self._searched = 0
        status = _STATUS.match(head)
        if status is None:
            return ReplyState.ODD
        code = int(status[1])
        if 100 <= code < 200:
            self._interim += 1
            switches = code == http.client.SWITCHING_PROTOCOLS  # nobody asked for it
            return ReplyState.ODD if switches or self._interim > _MOST_INTERIM else None
        try:
            fields = http.client.parse_headers(io.BytesIO(head[status.end() :]))
        except http.client.HTTPException:
            return ReplyState.ODD
        named = fields.get("Content-Type", "application/octet-stream")
        self.media_type = str(named).partition(";")[0].strip().lower()
        self.location = str(fields.get("Location", "")).strip()
        if not self._frame(fields):
            return ReplyState.ODD
        self.status = code
        return None

    def _frame(self, fields: Message) -> bool:
        """Note how the body ends (RFC 9112 section 6.3); whether that can be told."""
        coding = fields.get_all("Transfer-Encoding", [])
        if coding:
            self._chunks = _Chunks()
            return [value.strip().lower() for value in coding] == ["chunked"]
        lengths = set(fields.get_all("Content-Length", []))
        if not lengths:
            return True
        text = lengths.pop().strip()
        if lengths or not (text.isascii() and text.isdigit()) or len(text) > 18:
            return False
        self._length = int(text)
        return True

    def _read_body(self) -> ReplyState:
        if self._chunks is not None:
            state = self._chunks.read(self._data, self.body)
        else:
            self.body += self._data[: self._missing()]
            self._data.clear()
            state = ReplyState.UNFINISHED if self._missing() else ReplyState.COMPLETE
        is_too_big = state is not ReplyState.ODD and len(self.body) > self._largest
        return ReplyState.TOO_BIG if is_too_big else state

    def _missing(self) -> int:
        """Return how many octets of the body are read at most, now."""
        most = self._largest + 1
        return (most if self._length is None else min(self._length, most)) - len(self.body)


class _Chunks:
    """The chunks of a body (RFC 9112 section 7.1), as far as they have come."""

    def __init__(self) -> None:
        self._left = 0  # octets of the chunk that is read
        self._count = 0
        self._framing = 0  # octets around the chunks

    def read(self, data: bytearray, body: bytearray) -> ReplyState:
        """Move what is there from `data` to `body`; what is left of `data` is unfinished."""
        at = 0
        state = None
        while state is None:
            if self._left:
                taken = data[at : at + self._left]
                body += taken
                at += len(taken)
                self._left -= len(taken)
                state = ReplyState.UNFINISHED if self._left or at == len(data) else None
            else:
                state, at = self._read_size(data, at)
        del data[:at]
        return state

    def _read_size(self, data: bytearray, at: int) -> tuple[ReplyState | None, int]:
        """Read the line before a chunk; a state where there is none, and how far that came."""
        start = at
        if self._count:  # the end of the chunk before
            if len(data) < at + 2:
                return ReplyState.UNFINISHED, at
            if data[at : at + 2] != b"\r\n":
                return ReplyState.ODD, at
            start += 2
        end = data.find(b"\r\n", start, start + _LONGEST_LINE)
        if end < 0:
            too_long = len(data) - start >= _LONGEST_LINE
            return (ReplyState.ODD if too_long else ReplyState.UNFINISHED), at
        line = _CHUNK.fullmatch(data, start, end + 2)
        self._count += 1
        self._framing += end + 2 - at
        if line is None or self._count > _MOST_CHUNKS or self._framing > _LARGEST_FRAMING:
            return ReplyState.ODD, at
        self._left = int(line[1], 16)
        # What may follow the last chunk tells nothing about a page.
        return (None if self._left else ReplyState.COMPLETE), end + 2
