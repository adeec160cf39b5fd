"""A Discord server whose bot has a mailbox for test mails, over a world in which they pass."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.mail_test_parts import MailNews
from bot.app.shared_parts import utc_now
from bot.demo import world
from bot.demo.demo_mailcow import access_to, make_mailcow
from bot.demo.mailbox_double import MailboxDouble
from bot.demo.zones import parse_zone
from bot.interactions.mail_test_delivery import MailTestDelivery
from bot.names import Domain
from bot.requests.control_proof import BY_DNS
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.store.repositories.control_proofs import ControlProofs
from discord_simulation import HOME, answer_to, open_simulation, text_of
from signed_mails import good_mail, key_line
from smtp_server import Takes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from bot.demo.zones import Zones
    from bot.store.engine.database import Database
    from discord_simulation import Simulation

FRIEND = "friend.example"
LOOK = "Look now"


def mail_world() -> Zones:
    """Return the demo's world, in which mail of one domain is signed with a key of the tests."""
    zone = (
        '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"\n'
        f'{key_line(FRIEND)}_dmarc TXT "v=DMARC1; p=none"\n'
    )
    probe = "@ MX 10 mail\nmail A 203.0.113.9\n"
    zones = world.zones().with_zone(parse_zone(FRIEND, zone))
    return zones.with_zone(parse_zone("else.example", probe))


@dataclass
class MailGuild:
    """The simulation, the mailbox, and the server that takes mails to members."""

    sim: Simulation
    double: MailboxDouble
    outgoing: Takes

    @property
    def database(self) -> Database:
        """The bot's store."""
        return self.sim.client._fingerprints._database

    async def begin(
        self, domain: str | None = FRIEND, who: MemberActor | None = None
    ) -> tuple[ResponseMessage, str]:
        """Return the card of a new test, and the address that stands on it."""
        options = {} if domain is None else {"domain": domain}
        sim = self.sim
        card = answer_to(await (who or sim.ann).slash(sim.channel, "testmail", **options))
        assert card.ephemeral
        address = next(ln for ln in text_of(card).splitlines() if ln.startswith("probe+"))
        return card, address

    def deliver(self, address: str, raw: bytes | None = None) -> None:
        """Put a mail that passes, or another, into the mailbox."""
        self.double.deliver(f"X-Original-To: {address}\r\n".encode() + (raw or good_mail()))

    async def look(self, card: ResponseMessage) -> ResponseMessage:
        """Return what pressing the button comes to."""
        return answer_to(await self.sim.ann.click(card, label=LOOK))

    async def pass_test(self) -> None:
        """Have a test mail arrive that passes."""
        card, address = await self.begin()
        self.deliver(address)
        assert "✅" in text_of(await self.look(card))

    async def tell(self) -> int:
        """Have the news that are due delivered; return how many there were."""
        news = MailNews.of(self.database)
        delivery = MailTestDelivery(self.sim.client)
        return await OutboxWorker(news, delivery, utc_now, WakeUp()).step()

    async def prove(self, domain: str = FRIEND) -> None:
        """Have Ann shown as who controls a domain."""
        name = Domain.from_ascii(domain)
        await ControlProofs(self.database).keep(name, self.sim.ann.id, BY_DNS, utc_now())


@asynccontextmanager
async def open_mail_guild(store: Path, *, has_mailcow: bool = False) -> AsyncIterator[MailGuild]:
    """Yield the bot with a mailbox; with a Mailcow that has the demo's domains, if wanted."""
    outgoing = Takes()
    async with MailboxDouble() as double, make_mailcow() as mailcow, serving(outgoing) as port:
        environ = {
            **world.DEMO_ENVIRONMENT,
            **HOME,
            **(access_to(mailcow) if has_mailcow else {}),
            "PROBE_ADDRESS": "probe@else.example",
            "PROBE_IMAP_URL": double.url,
            "PROBE_IMAP_PASSWORD": double.password,
            "PROBE_SMTP_URL": f"smtp://127.0.0.1:{port}",
        }
        async with open_simulation(store, mail_world(), environ=environ) as sim:
            yield MailGuild(sim, double, outgoing)
