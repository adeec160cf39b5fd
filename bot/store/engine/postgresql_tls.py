"""The TLS of a connection to PostgreSQL, as libpq's words ask for it; never a fall back."""

from __future__ import annotations

import os
import ssl
from typing import Final

from bot.errors import StoreError
from bot.store.engine.postgresql_url import EXAMPLE

_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
_WHERE_POSSIBLE: Final = {"prefer", "allow"}
_SYSTEM: Final = "system"  # libpq's word for the authorities that this machine trusts


def choose_tls(mode: str | None, root: str | None, called: str) -> ssl.SSLContext | str | bool:
    """What `asyncpg.connect` takes as `ssl` for `sslmode` and `sslrootcert`.

    What a URL leaves out is taken from PGSSLMODE and PGSSLROOTCERT, as every client of PostgreSQL
    does; without any of them TLS is used where the server has it. Raises StoreError where the two
    do not go together.
    """
    if mode is None and (of_environment := os.environ.get("PGSSLMODE")):
        called, mode = "PGSSLMODE", of_environment
        if mode in _WHERE_POSSIBLE:
            mode = None
    if root is None and mode not in {None, "disable"}:
        root = os.environ.get("PGSSLROOTCERT") or None
    if mode is None and root is None:
        return "prefer"
    mode = mode or "verify-full"
    if mode not in _MODES:
        raise StoreError(
            f"{called} gives sslmode={mode}, which is not known or may do without TLS; write "
            f"one of {', '.join(_MODES)}, {EXAMPLE}."
        )
    if mode == "disable":
        return False
    if mode == "verify-ca" and root is None:
        raise StoreError(
            f"{called} gives sslmode=verify-ca and no authority; name its certificate as "
            "sslrootcert=/path/ca.pem, or write verify-full."
        )
    if root == _SYSTEM and mode != "verify-full":
        raise StoreError(
            f"{called} gives sslmode={mode} with sslrootcert=system, by which anybody with a "
            "certificate could answer; write verify-full."
        )
    return _make_context(mode, None if root == _SYSTEM else root, called)


def _make_context(mode: str, root: str | None, called: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=root)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"{called} gives sslrootcert={root}, which cannot be read as certificates "
            f"({reason}); name a PEM file."
        ) from error
    context.check_hostname = mode == "verify-full"
    if mode == "require" and root is None:
        context.verify_mode = ssl.CERT_NONE
    return context
