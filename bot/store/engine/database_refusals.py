"""What the operator is told when the database refuses: the cause and the remedy."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import StoreError
from bot.store.engine.postgresql_refusals import explain_away, explain_state

if TYPE_CHECKING:
    from bot.store.engine.url import Address

# What SQLAlchemy and the drivers below it raise when the database, not our code, is at fault.
DATABASE_FAULTS = (DBAPIError, PoolTimeout, OSError)
# At the start, whatever else SQLAlchemy refuses comes from how it was configured.
OPENING_FAULTS = (SQLAlchemyError, OSError)

_READ_ONLY = (
    "give the user that runs Cowbell the right to write to the file and its folder, "
    "or name another place in DATABASE_URL."
)
_DISK = "make room or look at the disk, then start again; nothing was half written."
_SQLITE = {
    sqlite3.SQLITE_FULL: f"The disk has no room left for the {{place}}; {_DISK}",
    sqlite3.SQLITE_IOERR: f"The disk failed while it held the {{place}}; {_DISK}",
    sqlite3.SQLITE_READONLY: f"The {{place}} cannot be written; {_READ_ONLY}",
    sqlite3.SQLITE_PERM: f"The {{place}} may not be opened; {_READ_ONLY}",
    sqlite3.SQLITE_CANTOPEN: f"The {{place}} cannot be opened; {_READ_ONLY}",
    sqlite3.SQLITE_BUSY: (
        "The {place} is held by another program; close that one, then try again."
    ),
    sqlite3.SQLITE_LOCKED: (
        "The {place} is held by another program; close that one, then try again."
    ),
    sqlite3.SQLITE_NOTADB: (
        "The {place} is no SQLite database, or a damaged one; restore it from a backup, "
        "or move the file away to begin with an empty one."
    ),
}


def explain(error: BaseException, address: Address) -> StoreError:
    """The sentence for what the database or its driver raised: the place, the remedy, no secret."""
    if isinstance(error, PoolTimeout):
        return StoreError(
            f"The {address} did not get round to this in time; try again in a minute."
        )
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind, the rest says more than an operator needs.
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_CORRUPT:
            return damaged(address, str(cause))
        if code in _SQLITE:
            return StoreError(_SQLITE[code].format(place=address))
    if not address.on_sqlite:
        # Further lines of a server's word hold what was in a row.
        return _explain_server(error, cause, _first_line(cause), address)
    if isinstance(cause, OSError):
        return explain_os_error(cause, address)
    detail = " ".join(str(cause).split()).rstrip(".")
    return StoreError(f"The {address} cannot be used: {detail}.")


def _explain_server(
    error: BaseException, cause: BaseException | None, detail: str, address: Address
) -> StoreError:
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str) and (known := explain_state(state, detail, address)):
        return known
    is_away = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_away or isinstance(cause, OSError):
        return explain_away(detail, address, cause)
    return StoreError(f"The {address} cannot be used: {detail}.")


def _first_line(cause: BaseException | None) -> str:
    return next(iter(str(cause).strip().splitlines()), "").rstrip(".")


def repeats_a_row(error: BaseException) -> bool:
    """Whether what a server or its driver said holds values: of a row, or of a statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    said = getattr(cause, "__cause__", None)
    return state.startswith("22") or getattr(said, "detail", None) is not None


def explain_os_error(error: OSError, address: Address) -> StoreError:
    """The sentence for what the operating system refused."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreError(f"The {address} cannot be written; {_READ_ONLY}")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreError(f"The disk has no room left for the {address}; {_DISK}")
    if error.errno == errno.EISDIR:
        return StoreError(f"The {address} is a folder; name a file in it in DATABASE_URL.")
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return StoreError(
            f"The {address} cannot be made, as a part of its path is a file and no folder; "
            "name another place in DATABASE_URL."
        )
    return StoreError(f"The {address} cannot be used: {error.strerror or error}.")


def damaged(address: Address, detail: str) -> StoreError:
    """The sentence for a database whose content does not hold together."""
    return StoreError(
        f"The {address} is damaged ({detail}); restore it from a backup, "
        "or move the file away to begin with an empty one."
    )
