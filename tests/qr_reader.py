"""Reads the text out of a QR code's picture, by ISO/IEC 18004 and without our library for them.

It reads what stands there: it proves that the picture holds the text in the place and form that the
standard has for it, with its quiet zone. It corrects no errors and looks through no camera.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Matrix = list[list[bool]]  # True is dark

QUIET = 4  # modules of margin
_FINDER: Final = (0b1111111, 0b1000001, 0b1011101, 0b1011101, 0b1011101, 0b1000001, 0b1111111)
# Of error correction level M, by version: codewords of data in each block (table 9), and where the
# centres of the alignment patterns are (annex E).
_BLOCKS: Final = {
    1: [16],
    2: [28],
    3: [44],
    4: [32] * 2,
    5: [43] * 2,
    6: [27] * 4,
    7: [31] * 4,
    8: [38] * 2 + [39] * 2,
    9: [36] * 3 + [37] * 2,
    10: [43] * 4 + [44],
}
_ALIGNED: Final = {
    1: (),
    2: (6, 18),
    3: (6, 22),
    4: (6, 26),
    5: (6, 30),
    6: (6, 34),
    7: (6, 22, 38),
    8: (6, 24, 42),
    9: (6, 26, 46),
    10: (6, 28, 50),
}
_MASKS: Final = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _: y % 2 == 0,
    lambda _, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)


def read_qr_code(png: bytes) -> str:
    """Return the text of a code of level M, at most version 10, in byte mode."""
    matrix = _modules(_pixels(png))
    size = len(matrix)
    version = (size - 17) // 4
    assert 1 <= version <= 10
    for corner in ((0, 0), (0, size - 7), (size - 7, 0)):
        assert _finder_at(matrix, *corner) == _FINDER
    level, mask = _format(matrix)
    assert level == 0b00  # M
    bits = [
        matrix[y][x] ^ _MASKS[mask](y, x) for y, x in _path(size) if not _is_function(y, x, version)
    ]
    codewords = [_number(bits[at : at + 8]) for at in range(0, len(bits) - 7, 8)]
    data = "".join(f"{word:08b}" for word in _deinterleave(codewords, _BLOCKS[version]))
    assert data[:4] == "0100"  # byte mode
    begin = 4 + (8 if version < 10 else 16)
    length = int(data[4:begin], 2)
    octets = (int(data[begin + 8 * n : begin + 8 * n + 8], 2) for n in range(length))
    return bytes(octets).decode()


def png_size(png: bytes) -> tuple[int, int]:
    """Return the width and height of a picture in pixels."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _pixels(png: bytes) -> Matrix:
    """Return a grey PNG of one bit a pixel as dark or light."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind = png[at + 4 : at + 8]
        parts[kind] = parts.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)  # grey, where 0 is black
    octets = (width + 7) // 8
    rows, above, pixels = zlib.decompress(parts[b"IDAT"]), bytes(octets), []
    for y in range(height):
        kept, *row = rows[y * (octets + 1) : (y + 1) * (octets + 1)]
        assert kept in (0, 2)  # as it is, or what differs from the row above
        above = (
            bytes((a + b) % 256 for a, b in zip(row, above, strict=True)) if kept else bytes(row)
        )
        pixels.append([not above[x // 8] >> (7 - x % 8) & 1 for x in range(width)])
    return pixels


def _modules(pixels: Matrix) -> Matrix:
    """Return the modules without their margin, which has to be there and light."""
    dark = [(y, x) for y, row in enumerate(pixels) for x, is_dark in enumerate(row) if is_dark]
    (top, left), bottom = dark[0], dark[-1][0]
    scale = next(n for n in range(1, len(pixels)) if not pixels[top][left + n]) // 7
    assert min(top, left, len(pixels) - 1 - bottom) >= QUIET * scale
    return [
        [pixels[y][x] for x in range(left, len(pixels) - left, scale)]
        for y in range(top, bottom + 1, scale)
    ]


def _finder_at(matrix: Matrix, top: int, left: int) -> tuple[int, ...]:
    return tuple(_number(row[left : left + 7]) for row in matrix[top : top + 7])


def _format(matrix: Matrix) -> tuple[int, int]:
    """Return level and mask, of the copy beside the upper left corner."""
    bits = [matrix[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [matrix[y][8] for y in (7, 5)]
    number = _number(bits[:5]) ^ 0b10101
    return number >> 3, number & 0b111


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Give the modules in the order in which data fill them: in pairs of columns, up and down."""
    upwards = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for y in range(size - 1, -1, -1) if upwards else range(size):
            yield y, right
            yield y, right - 1
        upwards = not upwards


def _is_function(y: int, x: int, version: int) -> bool:
    size = 17 + 4 * version
    if (y < 9 and x < 9) or (y < 9 and x >= size - 8) or (y >= size - 8 and x < 9):
        return True
    if 6 in (y, x):
        return True
    if version >= 7 and ((y < 6 and x >= size - 11) or (x < 6 and y >= size - 11)):
        return True
    last = _ALIGNED[version][-1:]
    corners = {(6, *last), (*last, 6), (6, 6)}
    return any(
        abs(y - row) <= 2 and abs(x - column) <= 2
        for row in _ALIGNED[version]
        for column in _ALIGNED[version]
        if (row, column) not in corners
    )


def _deinterleave(codewords: list[int], blocks: list[int]) -> list[int]:
    taken, read = iter(codewords), [list[int]() for _ in blocks]
    for place in range(max(blocks)):
        for block, length in zip(read, blocks, strict=True):
            if place < length:
                block.append(next(taken))
    return [word for block in read for word in block]


def _number(bits: list[bool]) -> int:
    return int("".join("1" if bit else "0" for bit in bits), 2)
