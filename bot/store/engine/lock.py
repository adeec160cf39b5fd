"""The lock that keeps a second process away from an SQLite database."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.store.engine.database_refusals import explain_os_error

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.engine.url import Address


@dataclass(slots=True)
class ProcessLock:
    """An advisory lock, held until it is released or its process is gone, however it ended."""

    _file: int | None

    @classmethod
    def take(cls, address: Address, path: Path) -> ProcessLock:
        """The lock of the database whose file is `path`, kept in `<path>.lock` beside it.

        Raises StoreError where somebody else holds it. The file itself stays for good: removing
        it would let two processes each hold the lock of a file of the same name.
        """
        # Two names of one file must lead to one lock.
        real = path.resolve()
        try:
            file = os.open(
                real.with_name(f"{real.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise explain_os_error(error, address) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = _read_holder(file)
            os.close(file)
            raise StoreError(
                f"The {address} is in use by another Cowbell{holder}; stop that one first, "
                "or give this one its own DATABASE_URL."
            ) from None
        except OSError as error:
            os.close(file)
            raise explain_os_error(error, address) from error
        return cls(file)

    def release(self) -> None:
        """Lets the next process in; a second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read_holder(file: int) -> str:
    # Only to help the operator find it; the lock holds whatever this says.
    text = os.pread(file, 20, 0).decode("ascii", "replace").strip()
    return f" (process {text})" if text.isascii() and text.isdigit() else ""
