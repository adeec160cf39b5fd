"""One transaction of the database, which is kept or given up as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.engine import postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.orm import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Ending(Generic[T]):
    """What a transaction comes to that was asked to be kept, and its number on the server."""

    result: T
    number: str | None


class Transaction(Generic[T]):
    """One transaction; once it has an `ending`, it may have been kept whatever is raised."""

    def __init__(self, engine: AsyncEngine, *, keep: bool) -> None:
        self._engine = engine
        self._keep = keep
        on_server = engine.dialect.name == postgresql.DIALECT
        self._driver_faults = postgresql.driver_faults() if on_server else ()
        self.ending: _Ending[T] | None = None

    async def run(self, work: Callable[[Session], T]) -> T:
        """What `work` returns; raises what it and the database raise, and is not run again."""
        async with AsyncSession(self._engine) as session:
            try:
                result = await session.run_sync(work)
                if self._keep:
                    number = await session.run_sync(_number)
                    self.ending = _Ending(result, number)
                    await session.commit()
            except OSError:  # an answer that comes yet must not be taken for that of another
                await session.invalidate()
                raise
            except self._driver_faults as error:
                await session.invalidate()
                raise ConnectionResetError(str(error)) from error
            return result


def _number(session: Session) -> str | None:
    """What is kept of the transaction goes to the server; its number there, if it has one."""
    session.flush()
    if session.get_bind().dialect.name != postgresql.DIALECT:
        return None
    return postgresql.number_of(session)
