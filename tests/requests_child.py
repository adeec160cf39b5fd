"""A process that works on requests until it is killed: `python requests_child.py FOLDER`.

It stops at a point of the mail server's or the messenger's work where the folder has a file
`stop-at` that begins the point's name, and writes the file `reached` then.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.names import Domain
from bot.requests.model import RequestKind, State
from requests_house import ANN, COWHERD, PLACE, House

FRIEND = Domain.of("friend.example")


async def main(folder: Path) -> None:
    """Ask and approve where nobody did yet, then work until the record was handed out."""
    house = await House(folder).open()
    await house.store.requests.release_leases()
    wanted = folder / "stop-at"

    async def stop(point: str) -> None:
        if wanted.exists() and point.startswith(wanted.read_text()):
            (folder / "reached").touch()
            await asyncio.Event().wait()

    house.mail.pause = house.messenger.pause = stop
    running = [asyncio.create_task(house.worker.run()), asyncio.create_task(house.outbox.run())]
    if not await house.requests.of_domain(FRIEND):
        opened = await house.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
        await house.requests.approve(opened.request.id, COWHERD)
    (request,) = await house.requests.of_domain(FRIEND)
    if request.state is State.PENDING:
        await house.requests.approve(request.id, COWHERD)
    while await house.store.outbox.left() or request.state is not State.WAITING:
        await asyncio.sleep(0.01)
        (request,) = await house.requests.of_domain(FRIEND)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await house.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
