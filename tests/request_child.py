"""A process that works on requests until it is killed: `python request_child.py FOLDER URL`.

It stops at a point of the mail server's or the messenger's work where the folder has a file
`stop-at` that begins the point's name, and writes the file `reached` then.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.names import Domain
from bot.requests.model import RequestKind, State
from request_parts import ANN, COWHERD, PLACE, Setup

FRIEND = Domain.from_ascii("friend.example")


async def main(folder: Path, url: str) -> None:
    """Ask and approve where nobody did yet, then work until the record was handed out."""
    parts = await Setup(folder, url=url).open()
    await parts.store.requests.release_leases()
    await parts.store.requests.release_messages()
    wanted = folder / "stop-at"

    async def stop(point: str) -> None:
        if wanted.exists() and point.startswith(wanted.read_text()):
            (folder / "reached").touch()
            await asyncio.Event().wait()

    parts.mail.pause = parts.messenger.pause = stop
    running = [asyncio.create_task(parts.worker.run()), asyncio.create_task(parts.outbox.run())]
    if not await parts.requests.of_domain(FRIEND):
        opened = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
        await parts.requests.approve(opened.request.id, COWHERD)
    (request,) = await parts.requests.of_domain(FRIEND)
    if request.state is State.PENDING:
        await parts.requests.approve(request.id, COWHERD)
    while await parts.messages_left() or request.state is not State.WAITING:
        await asyncio.sleep(0.01)
        (request,) = await parts.requests.of_domain(FRIEND)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await parts.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
