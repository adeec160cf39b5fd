"""Made-up things, added by the recipes of CONTRIBUTING.md: every file that each of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Insert:
    """A text that goes behind another one, which is there once; behind all where that is empty."""

    after: str
    text: str


Edit = str | tuple[Insert, ...]  # a new file, or what goes into one that is there


@dataclass(frozen=True, slots=True)
class Example:
    """One thing that is added: what fills the recipe's placeholders, and the edits by path."""

    recipe: str
    most: int  # files that the recipe may take, tests and words of a kind left aside
    names: Mapping[str, str]
    files: Mapping[str, Edit]
    tests: Mapping[str, Edit]


def apply(edit: Edit, path: Path) -> None:
    """Write a new file, or put the texts where they go."""
    if isinstance(edit, str):
        assert not path.exists(), f"{path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    for insert in edit:
        assert not insert.after or text.count(insert.after) == 1, (path, insert.after)
        head, anchor, tail = text.partition(insert.after) if insert.after else (text, "", "")
        text = f"{head}{anchor}{insert.text}{tail}"
    path.write_text(text, encoding="utf-8")


FINDING = Example(
    "A finding code",
    most=4,
    names={
        "judge": "optional/tls_rpt",
        "code": "tls-rpt-many",
        "test of the judge": "optional/test_tls_rpt",
    },
    files={
        "bot/checks/optional/tls_rpt.py": (
            Insert(
                "        finding = _report_syntax(owner, (records or texts)[0])\n",
                """\
    elif (count := len(_addresses(records[0]))) > 2:
        finding = Finding(Check.TLS_RPT, "tls-rpt-many", Status.INFO, {"count": count})
""",
            ),
        ),
        "templates/en/findings/tls-rpt-many.j2": """\
The TLS-RPT record sends every report to {{ count }} addresses. Fewer are easier to keep an eye on.
""",
        "templates/en/reasons/tls-rpt-many.j2": """\
Every server that sends mail to you sends its daily report to each of the addresses. Nothing is \
wrong with that; it is only more to read.
""",
        "bot/checks/references.toml": (
            Insert('tls-rpt-syntax = [8460, "3"]\n', 'tls-rpt-many = [8460, "3"]\n'),
        ),
    },
    tests={
        "tests/unit/checks/optional/test_tls_rpt.py": (
            Insert(
                "from bot.records.presentation import quoted_parts\n",
                "from bot.words import Medium, Words\n",
            ),
            Insert(
                "",
                """

def test_many_addresses_are_remarked_in_words_that_have_a_reason() -> None:
    verdict = look_tls("v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example,https://e.example")
    finding = only(verdict, "tls-rpt-many", Status.INFO)
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    for medium in Medium:
        assert "to 3 addresses" in Words(medium).finding(finding, context)
        assert "daily report" in Words(medium).reason(finding, context)
""",
            ),
        ),
    },
)

CHECK = Example(
    "A record check",
    most=5,
    names={"module": "rp"},
    files={
        "bot/checks/optional/rp.py": '''\
"""Judges RP: whom to write to about a domain (RFC 1183 section 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.answers import answer_to, report_unused, some_lines, unanswered
from bot.checks.finding import Check, Verdict

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return who is named; nobody has to be."""
    answer = answer_to(observed, expected.domain.name, dns.rdatatype.RP)
    if answer.failed:
        return Verdict(Check.RP, (unanswered(Check.RP, answer),))
    if not answer.found:
        return Verdict(Check.RP, (report_unused(Check.RP),))
    return Verdict(Check.RP, found=some_lines(sorted(r.to_text() for r in answer.rdatas)))
''',
        "bot/checks/finding.py": (
            Insert('    CAA = "caa"\n', '    RP = "rp"\n'),
            Insert("        Check.CAA,\n", "        Check.RP,\n"),
        ),
        "bot/checks/optional/group.py": (
            Insert("import caa, mta_sts, ", "rp, "),
            Insert(
                "(domain.name, dns.rdatatype.CAA),\n", "        (domain.name, dns.rdatatype.RP),\n"
            ),
            Insert(
                "        caa.judge(expected, observed),\n",
                "        rp.judge(expected, observed),\n",
            ),
        ),
        "templates/en/labels.j2": (Insert('"dnssec": "DNSSEC", "caa": "CAA",', ' "rp": "RP",'),),
        "bot/checks/references.toml": (
            Insert('dnssec = [4033, "3.1"]\ncaa = [8659, "3"]\n', 'rp = [1183, "2.2"]\n'),
        ),
    },
    tests={
        "tests/unit/checks/optional/test_rp.py": '''\
"""RP: where it is offered, it has its line in the report of a real check, on a card and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.checks.export.as_json import report_as_dict
from bot.demo.world import DEMO_ENVIRONMENT
from bot.names import Domain
from bot.words import Words
from discord_simulation import open_simulation, text_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_healthy_domain_is_told_that_it_names_nobody(tmp_path: Path) -> None:
    environ = {**DEMO_ENVIRONMENT, "OFFER": "rp"}
    async with open_simulation(tmp_path / "bot.db", environ=environ) as sim:
        card = await sim.details("friend.example")
        service = sim.client.member_service
        kept = await service.check(Domain.from_ascii("friend.example"), sim.ann.id)
    assert "RP" in text_of(card)
    page: dict[str, Any] = report_as_dict(kept.report, service.server, Words(), explain=True)
    assert page["checks"]["rp"]["status"] == "info"
    (finding,) = [finding for finding in page["findings"] if finding["check"] == "rp"]
    assert finding["message"] == "No RP record: optional, mail works without it."
    assert finding["why"].startswith("Mail is sent and received without RP.")
    assert finding["reference"].endswith("rfc1183#section-2.2")
''',
    },
)

COMMAND = Example(
    "A command",
    most=3,
    names={"name": "contact"},
    files={
        "cogs/contact.py": '''\
"""`/contact`: whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.cards.contact_card import build_contact_card
from bot.interactions.replies import acknowledge, answer

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class ContactCog(commands.Cog):
    """Whom members can ask."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(name="contact", description="Whom to ask about your mail")
    async def contact(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with the contact card."""
        await acknowledge(interaction)
        server = self._client.member_service.server
        await answer(interaction, build_contact_card(server, self._client.words))


async def setup(bot: BotBase) -> None:
    """Give the bot this command."""
    await bot.add_cog(ContactCog(bot))
''',
        "bot/cards/contact_card.py": '''\
"""The card that says whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.layout import NEUTRAL, assemble

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.records.mail_server import MailServer
    from bot.words import Words


def build_contact_card(server: MailServer, words: Words) -> Card:
    """Return who keeps the mail server."""
    facts = {"service": server.name, "contact": server.admin_contact}
    return assemble([[words.sentence("discord/contact", facts)]], colour=NEUTRAL)
''',
        "templates/en/discord/contact.j2": """\
{{ service }} is kept by {% if contact %}{{ contact }}{% else %}the admin{% endif %}.
""",
    },
    tests={
        "tests/integration/cogs/test_contact.py": '''\
"""`/contact`: a private card, and a line in the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulation import answer_to, text_of

if TYPE_CHECKING:
    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]


async def test_who_keeps_the_server_is_said(sim: Simulation) -> None:
    card = answer_to(await sim.ann.slash(sim.channel, "contact"))
    assert card.ephemeral
    assert r"is kept by admin\\@cow.example." in text_of(card)
    assert "</contact:" in text_of(answer_to(await sim.ann.slash(sim.channel, "help")))
''',
        "tests/integration/cogs/test_commands.py": (
            Insert('COMMANDS = {"mailsettings", ', '"contact", '),
        ),
    },
)

KIND = Example(
    "A kind of request",
    most=4,
    names={"kind": "autoconfig", "step": "verification"},
    files={
        "bot/requests/model.py": (
            Insert(
                '    WEBMAIL = "webmail"  # have the certificate cover the webmail alias\n',
                '    AUTOCONFIG = "autoconfig"  # have the certificate cover that alias\n',
            ),
        ),
        "bot/requests/kinds.py": (
            Insert(
                """\
            verify=lambda verifier, request: verifier.verify_certificate(request),
            handed_out=MessageKind.MEMBER_ACCEPTED,
        ),
""",
                """\
        RequestKind.AUTOCONFIG: KindRules(
            check=Check.AUTOCONFIG,
            asks=Asks.NOTHING,
            can_do=lambda _: False,
            approve=approve_by_hand,
            work=leave_to_admin,
            verify=lambda verifier, request: verifier.verify_autoconfig(request),
            handed_out=MessageKind.MEMBER_ACCEPTED,
        ),
""",
            ),
        ),
        "bot/requests/verification.py": (
            Insert(
                "        return Verification(live=live, seen=found.value, evidence=evidence)\n",
                '''
    async def verify_autoconfig(self, request: Request) -> Verification:
        """Look whether the certificate of the autoconfig alias covers its name."""
        name = request.domain.below("autoconfig")
        if name is None:
            return Verification(live=False)
        return Verification(live=await self._certificate(name) is Certificate.COVERS)
''',
            ),
        ),
        "cogs/requests.py": (
            Insert(
                "        await self._ask(interaction, RequestKind.WEBMAIL, domain)\n",
                '''
    @app_commands.command(
        name="autoconfig", description="Ask the admin to have the certificate cover autoconfig"
    )
    @app_commands.describe(domain=_DOMAIN)
    async def autoconfig(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Ask for the autoconfig alias to be covered."""
        await self._ask(interaction, RequestKind.AUTOCONFIG, domain)
''',
            ),
            Insert("(dkim, dmarc, maildomain, webmail", ", autoconfig"),
        ),
        "templates/en/requests/autoconfig.j2": """\
{% if part == "wish" %}
has added an autoconfig alias to {{ domain | code }}, which the certificate should cover.
{% elif part == "by-hand" %}
Have the certificate of {{ host | code }} cover the alias, then press “{{ done }}”.
{% elif part == "accepted" %}
The admin is having the certificate cover the autoconfig alias of {{ domain | code }}.
{% elif part == "waiting" %}
The admin is having the certificate cover the autoconfig alias.
{% elif part == "live" %}
The certificate covers the autoconfig alias of {{ domain | code }} now.
{% endif %}
""",
        "templates/en/labels.j2": (
            Insert(
                '"maildomain": "Mail domain", "webmail": "Webmail alias",',
                ' "autoconfig": "Autoconfig",',
            ),
            Insert(
                '"webmail": "Ask to cover the webmail",',
                ' "autoconfig": "Ask to cover autoconfig",',
            ),
        ),
    },
    tests={
        "tests/integration/cogs/test_autoconfig_requests.py": '''\
"""A request for the autoconfig alias, from its command to the message that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.net.certificate import Certificate
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, text_of, walk
from request_guild import ADMIN, open_request_guild

if TYPE_CHECKING:
    from pathlib import Path

    import discord

    from discord_simulation import LogWatch

pytest_plugins = ["discord_fixtures"]


def said(message: discord.Message) -> str:
    parts = walk([component.to_dict() for component in message.components])  # type: ignore[misc]
    return "\\n".join(part["content"] for part in parts if part["type"] == 10)


async def test_it_is_asked_for_approved_and_seen_to_be_done(store: Path, errors: LogWatch) -> None:
    async with open_request_guild(store) as guild:
        result = await guild.ann.slash(guild.channel, "autoconfig", domain="friend.example")
        assert "Request #1: Autoconfig" in text_of(answer_to(result))
        await guild.work()
        (card,) = guild.request_channel.history()
        assert "has added an autoconfig alias" in said(card)
        guild.aliases.certificate = Certificate.COVERS
        await guild.requests.approve(1, ADMIN)
        await guild.work()
        await guild.later(minutes=3)
        request = await guild.requests.get(1)
        assert request is not None
        assert (request.kind, request.state) == (RequestKind.AUTOCONFIG, State.CLOSED)
        live = guild.direct()[-1]
        assert "The certificate covers the autoconfig alias of `friend.example` now." in said(live)
''',
    },
)

PROVIDER = Example(
    "A provider",
    most=2,
    names={},
    files={
        "bot/records/providers.toml": (
            Insert(
                "",
                """
[[provider]]
key = "barn"
name = "Barn DNS"
name_servers = ["barn-dns.example"]
apex = "@"
link = "https://barn-dns.example/zones"
sources = ["https://barn-dns.example/help"]
date = 2026-11-27
date_is = "read"
""",
            ),
        ),
        "docs/providers.md": (
            Insert(
                "",
                "| [Barn DNS](<https://barn-dns.example/zones>) | `barn` | `barn-dns.example` "
                "| ? | @ | ? | ? | ? | ? | ? | ? | – | – "
                "| [1](<https://barn-dns.example/help>) (2026-11-27, read) |\n",
            ),
        ),
    },
    tests={
        "tests/unit/records/test_providers.py": (
            Insert(
                '        (["dns19.ovh.net", "ns19.ovh.net"], "ovh"),\n',
                '        (["ns1.barn-dns.example.", "ns2.barn-dns.example."], "barn"),\n',
            ),
        ),
    },
)

MAIL_APP = Example(
    "A mail app",
    most=2,
    names={"key": "barn"},
    files={
        "bot/records/mail_apps.toml": (
            Insert(
                "",
                """
[[app]]
key = "barn"
name = "Barn Mail"
version = "3.1"
date = 2026-11-27
date_is = "read"
tls = "TLS"
starttls = "STARTTLS"
words = { add = ["Menu", "New account"] }
sources = ["https://barn-mail.example/help"]
""",
            ),
        ),
        "templates/en/apps/barn.j2": """\
Open {{ add | menu }} and type {{ user_name | code }}. For sending it is the same user name.
To read: {{ host | code }}, port {{ imap_port | code }}, {{ imap_security | menu }}.
To send: {{ host | code }}, port {{ smtp_port | code }}, {{ smtp_security | menu }}.
""",
    },
    tests={
        "tests/unit/records/test_mail_apps.py": (
            Insert('"thunderbird-android", "gmail", "samsung", "other"),\n', '    "barn",\n'),
        ),
    },
)

MAIL_SERVER = Example(
    "A mail server",
    most=4,
    names={"name": "barn"},
    files={
        "bot/barn/__init__.py": '"""Barn Mail, which keeps its domains in memory."""\n',
        "bot/barn/barn_backend.py": '''\
"""Barn Mail behind the protocol of mail servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.backend import Capabilities, DomainLimits, MailHosting, ServerDomain

if TYPE_CHECKING:
    from bot.errors import BackendError
    from bot.names import Domain

# The key of RFC 8463, appendix A.
_KEY = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


class BarnBackend:
    """Does everything at once; see `bot.requests.backend.MailBackend`."""

    name = "Barn Mail"
    capabilities = Capabilities(can_tell_domains=True, can_make_keys=True, can_add_domains=True)
    refusals: tuple[BackendError, ...] = ()

    def __init__(self) -> None:
        self._domains: set[Domain] = set()
        self._keys: dict[Domain, KnownKey] = {}

    def unlock(self) -> None:
        """Do nothing: nothing is ever locked."""

    async def look_up(self, domain: Domain) -> ServerDomain:
        """Return whether the domain was added, and its key once that was made."""
        hosting = MailHosting.ON if domain in self._domains else MailHosting.ABSENT
        return ServerDomain(hosting, self._keys.get(domain))

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Return the key that was made, or make it."""
        key = KnownKey(selector, DkimRecord.parse(_KEY), KeySource.MAIL_SERVER)
        return self._keys.setdefault(domain, key)

    async def domains(self) -> tuple[Domain, ...]:
        """Return those that were added."""
        return tuple(self._domains)

    async def usual_limits(self) -> DomainLimits:
        """Return that there are none."""
        return DomainLimits()

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:
        """Add the domain; it may use what it likes."""
        del limits
        self._domains.add(domain)
''',
        "bot/app/shared_parts.py": (
            Insert(
                "from typing import TYPE_CHECKING\n\n",
                "from bot.barn.barn_backend import BarnBackend\n",
            ),
            Insert(
                'None without others.\n    """\n    server = settings.mail_server()\n',
                '    if server.name == "Barn Mail":\n        return BarnBackend()\n',
            ),
        ),
        "pyproject.toml": (Insert('    "bot.store | bot.mailcow | ', "bot.barn | "),),
        "docs/architecture.md": (Insert("- `bot.store | bot.mailcow | ", "bot.barn | "),),
    },
    tests={
        "tests/unit/barn/test_barn_backend.py": '''\
"""Barn Mail: it is chosen where it is configured, and does what requests ask of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.app.shared_parts import choose_backend
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.names import Domain
from bot.requests.backend import MailHosting
from bot.requests.kinds import KINDS
from bot.requests.model import Request, RequestKind, State
from bot.requests.protocols import Verification
from bot.requests.work import Done, Tools

if TYPE_CHECKING:
    from bot.requests.backend import MailBackend

FRIEND = Domain.from_ascii("friend.example")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def look(_: Request) -> Verification:
    return Verification(live=True)


async def test_it_makes_keys_and_adds_domains() -> None:
    settings = load_settings({**DEMO_ENVIRONMENT, "MAIL_NAME": "Barn Mail"})
    backend: MailBackend = choose_backend(settings, None)
    assert backend.name == "Barn Mail"
    tools = Tools(settings.mail_server(), backend, look)

    async def work(kind: RequestKind) -> Done:
        request = Request(
            1, kind, FRIEND, 100, 200, 1, State.WORKING, 1, NOON, NOON, selector="barn"
        )
        assert KINDS[kind].can_do(backend.capabilities)
        return await KINDS[kind].work(request, tools)

    key = (await work(RequestKind.DKIM)).key
    assert key is not None
    assert (await backend.look_up(FRIEND)).key == key
    assert (await backend.find_or_make_key(FRIEND, "other")).selector == "barn"
    assert (await backend.look_up(FRIEND)).hosting is MailHosting.ABSENT
    await work(RequestKind.MAILDOMAIN)
    assert (await backend.look_up(FRIEND)).hosting is MailHosting.ON
''',
    },
)

EXAMPLES = (FINDING, CHECK, COMMAND, KIND, PROVIDER, MAIL_APP, MAIL_SERVER)
