"""Draws the QR code of a web address, for a phone to read off a screen."""

from __future__ import annotations

import io

import segno

_SCALE = 8  # pixels of a module: some 300 across, large enough for any phone
_QUIET = 4  # modules of margin, as ISO/IEC 18004 wants


def draw_qr_code(url: str) -> bytes:
    """Return a PNG, dark on light, of a web address of at most 512 characters."""
    out = io.BytesIO()
    # Phones take octets for UTF-8, and level M of error correction for enough.
    code = segno.make_qr(url, error="m", boost_error=False, mode="byte", encoding="utf-8")
    code.save(out, kind="png", scale=_SCALE, border=_QUIET, dark="#000000", light="#ffffff")
    return out.getvalue()
