"""Structured header values: comments and quoted strings told apart (RFC 5322 section 3.2)."""

from __future__ import annotations

from typing import Final, NamedTuple

MOST_DEPTH: Final = 50  # comments within comments


class Piece(NamedTuple):
    """A part of a value: "comment" and "quoted" without their marks, "text" as it stands."""

    kind: str
    text: str


def split_pieces(value: str) -> list[Piece] | None:
    """Return the comments, quoted strings and all between; None where a mark is left open.

    It takes linear time.
    """
    pieces: list[Piece] = []
    held: list[str] = []
    depth, quoted, escaped = 0, False, False

    def end(kind: str) -> None:
        if held or kind == "quoted":
            pieces.append(Piece(kind, "".join(held)))
        held.clear()

    for character in value:
        if escaped:
            held.append(character)
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            if character == '"':
                end("quoted")
                quoted = False
            else:
                held.append(character)
        elif character == "(":
            if depth:
                held.append(character)
            else:
                end("text")
            depth += 1
            if depth > MOST_DEPTH:
                return None
        elif character == ")" and depth:
            depth -= 1
            if depth:
                held.append(character)
            else:
                end("comment")
        elif character == '"' and not depth:
            end("text")
            quoted = True
        else:
            held.append(character)
    if quoted or depth or escaped:
        return None
    end("text")
    return pieces


def without_comments(value: str) -> str | None:
    """Return a value with a blank for each comment; None where a mark is left open."""
    pieces = split_pieces(value)
    if pieces is None:
        return None
    return "".join(map(_write_piece, pieces))


def _write_piece(piece: Piece) -> str:
    if piece.kind == "comment":
        return " "
    if piece.kind == "text":
        return piece.text
    escaped = piece.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
