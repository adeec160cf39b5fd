"""A messenger that keeps what the watch tells in a file, and fails now and then as Discord does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot.errors import DiscordUnreachable
from bot.requests.outbox_worker import Delivered
from bot.watch.watch_news import (
    AwaitedTold,
    CertificateTold,
    DigestTold,
    IncidentsTold,
    RotationTold,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.requests.model import OutboxMessage
    from bot.requests.outbox_worker import Postponed, Undeliverable
    from bot.watch.incident import Incident
    from bot.watch.watch_news import News, Told

UNREACHABLE: Final = 0.04  # of all messages do not arrive
UNCONFIRMED: Final = 0.03  # arrive, and nobody hears of it
_CHANNEL: Final = 77


@dataclass(frozen=True, slots=True)
class ToldIncident:
    """An incident in a message."""

    id: int
    subject: str
    check: str
    code: str
    began_at: str


@dataclass(frozen=True, slots=True)
class ToldMessage:
    """A message as it stood in Discord from `at` on; one that is edited is kept again."""

    at: datetime
    number: int
    nonce: str
    target: int
    what: str
    key: str
    opened: tuple[ToldIncident, ...] = ()
    closed: tuple[ToldIncident, ...] = ()
    lines: tuple[str, ...] = ()  # of a digest: the domains
    said: str = ""  # of what was waited for: the domain and how it ended


@dataclass
class Messenger:
    """Delivers news into a file, one line for each message sent or edited; see `Deliver`.

    `read` gives what news tell. A message that was sent before is found by its nonce.
    """

    path: Path
    read: Callable[[News], Awaitable[Told | None]]
    now: Callable[[], datetime]
    chance: random.Random
    _sent: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._sent = {told.nonce: told.number for told in read_messages(self.path)}

    async def __call__(
        self, message: OutboxMessage, news: News
    ) -> Delivered | Postponed | Undeliverable:
        """Deliver one message."""
        await asyncio.sleep(0)
        if self.chance.random() < UNREACHABLE:
            raise DiscordUnreachable
        sent = self._sent.get(message.nonce)
        if sent is None or message.message_id is not None:
            content = _content(await self.read(news))
            number = message.message_id or len(self._sent) + 1
            told = ToldMessage(
                self.now(),
                number,
                message.nonce,
                news.target,
                news.what.value,
                news.key,
                **content,
            )
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(told), default=datetime.isoformat) + "\n")
            self._sent[message.nonce] = sent = number
            await asyncio.sleep(0)
            if self.chance.random() < UNCONFIRMED:
                raise DiscordUnreachable
        return Delivered(_CHANNEL, sent)


def read_messages(path: Path) -> list[ToldMessage]:
    """Return every state of every message, in their order; a line that was cut off is none."""
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")
    return [_load(json.loads(line)) for line in lines[:-1]]


def _load(raw: dict[str, Any]) -> ToldMessage:
    incidents = {
        key: tuple(ToldIncident(**one) for one in raw[key]) for key in ("opened", "closed")
    }
    at, lines = datetime.fromisoformat(raw["at"]), tuple(raw["lines"])
    return ToldMessage(**{**raw, **incidents, "at": at, "lines": lines})


def _content(told: Told | None) -> dict[str, Any]:
    match told:
        case IncidentsTold(opened, closed):
            return {"opened": _short(opened), "closed": _short(closed)}
        case DigestTold(lines=lines):
            return {"lines": tuple(line.subject for line in lines)}
        case AwaitedTold(awaited):
            return {"said": f"{awaited.domain.ascii} {awaited.end}"}
        case None:
            return {"said": "nothing is left of it"}
        case CertificateTold(host, _, _, days):
            return {"said": f"{host} {days}"}
        case RotationTold(rotation, news):
            return {"said": f"{rotation.domain.ascii} {rotation.state} {news}"}


def _short(incidents: tuple[Incident, ...]) -> tuple[ToldIncident, ...]:
    return tuple(
        ToldIncident(i.id, i.subject, i.check, i.finding.code, i.began_at.isoformat())
        for i in incidents
    )
