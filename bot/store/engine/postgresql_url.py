"""What a URL of a PostgreSQL database must be, so that it is read in one way by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from bot.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

EXAMPLE: Final = (
    "for example postgresql+asyncpg://cowbell:secret@db.example/cowbell?sslmode=verify-full"
)
_OPTIONS: Final = ("sslmode", "sslrootcert", "host")
_SYNONYM: Final = {"ssl": "sslmode"}  # SQLAlchemy's and asyncpg's word


def require_plain(url: URL, text: str, called: str) -> None:
    """Raises StoreError where a URL, taken apart from `text`, cannot be used as it is meant.

    `called` is what the sentence calls it. Nothing of it is repeated that may be of a password.
    """
    host = host_of(url)
    if "@" in host:  # the password ended at the first one
        raise StoreError(f"{called} has more than one @; write %40 for one in the password.")
    if "," in host or isinstance(url.query.get("host"), tuple):
        raise StoreError(
            f"{called} names several hosts; name one, which has to be the primary server's."
        )
    if not url.database:
        raise StoreError(f"{called} names no database; write its name after the host, {EXAMPLE}.")
    if url.port is not None and not 0 < url.port < 65536:
        raise StoreError(f"{called} gives port {url.port}; ports go from 1 to 65535.")
    texts = (host, url.username, url.password, url.database)
    if not all(part is None or part.isprintable() for part in texts) or not _can_be_asked(host):
        raise StoreError(f"{called} holds signs that no host, user or database has, {EXAMPLE}.")
    # The first @ ends the password, which may have a ? in it.
    rest = text if url.username is None else text.partition("@")[2]
    for key, value in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        known = _SYNONYM.get(key, key)
        if known not in _OPTIONS:
            raise StoreError(
                f"{called} gives the option {_short(key)}, which is not known; those for "
                f"PostgreSQL are {', '.join(_OPTIONS[:-1])} and {_OPTIONS[-1]}, {EXAMPLE}."
            )
        # An empty one would be as good as none, and that does without TLS.
        if not value or not isinstance(url.query.get(key), str):
            raise StoreError(f"{called} gives the option {key} without a value, or twice.")


def host_of(url: URL) -> str:
    """The host, or the folder of a socket, which may be written as `%2Frun%2Fpostgresql` too."""
    folder = url.query.get("host")
    return folder if isinstance(folder, str) else unquote(url.host or "localhost")


def options_of(url: URL) -> dict[str, str]:
    """The options that were given, by their first names."""
    return {_SYNONYM.get(key, key): str(value) for key, value in url.query.items()}


def _can_be_asked(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return host.startswith("/")
    return True


def _short(key: str) -> str:
    # Where somebody forgot to encode a ? the rest of a password looks like an option.
    return key if key.isidentifier() and len(key) <= 30 else "(hidden)"
