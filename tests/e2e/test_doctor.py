"""`python -m bot doctor` and `invite` as processes, beside real sockets of everything they ask."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from bot_process import Bot
from discord_guild import DiscordGuild
from discord_payloads import APPLICATION
from discord_stand_in import TOKEN
from relay import ValidatingRelay

from bot.demo import world
from bot.demo.mailbox_double import MailboxDouble, MailboxFault
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from forked_python import run_alone
from smtp_server import Takes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

REQUESTS = 100000000000000077
READ, WRITE = "READ00-0KEY00-000000", "WRITE0-0KEY00-000000"
MAILBOX = "the-password-of-the-mailbox"


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The parts of a report in JSON, by name; of several resolvers by address."""
        assert self.out.isascii()
        report = json.loads(self.out)
        assert report["schema"] == 1
        return {part["about"] or part["part"]: part for part in report["parts"]}

    def statuses(self) -> dict[str, str]:
        return {name: part["status"] for name, part in self.parts.items()}


class DoctorProcess:
    """`doctor` and `invite` as processes, with all that they look at."""

    def __init__(
        self,
        folder: Path,
        discord: DiscordGuild,
        dns: ZoneServer,
        mailcow: MailcowDouble,
        python: ForkedPython,
    ) -> None:
        self.folder, self.discord, self.dns, self.mailcow = folder, discord, dns, mailcow
        self.bot = Bot(folder, discord, dns, python)
        self.environment = self.bot.environment
        self.environment |= {
            "PYTHONIOENCODING": "utf-8",
            "REQUEST_CHANNEL_ID": str(REQUESTS),
            "ADMIN_USER_IDS": "100000000000000009",
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_READ_KEY": READ,
            "MAILCOW_API_KEY": WRITE,
        }
        self.mailbox = MailboxDouble(password=MAILBOX)
        self._python = python

    async def call(self, *command: str, alone: bool = False) -> Done:
        """Call the console; whatever happens, it says nothing secret and no traceback.

        `alone` is for a Python that has imported nothing yet, as users call it.
        """
        run = run_alone if alone else self._python.run
        words = self.bot.words(*command)
        ended = await asyncio.to_thread(run, words, env=self.environment, cwd=self.folder)
        done = Done(ended.returncode, ended.stdout, ended.stderr)
        for secret in (TOKEN, READ, WRITE, MAILBOX):
            assert secret not in done.out + done.err
        assert "Traceback" not in done.err
        return done

    async def examine(self) -> Done:
        """Call `doctor --json`."""
        done = await self.call("doctor", "--json")
        assert done.err == ""
        return done


@pytest.fixture
async def doctor(
    tmp_path: Path, dns: ZoneServer, forked_python: ForkedPython
) -> AsyncIterator[DoctorProcess]:
    keys = {READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)}
    async with MailcowDouble(keys=keys) as mailcow, DiscordGuild(REQUESTS) as stand_in:
        doctor = DoctorProcess(tmp_path, stand_in, dns, mailcow, forked_python)
        async with doctor.mailbox as mailbox, serving(Takes()) as port:
            doctor.environment |= {
                "PROBE_ADDRESS": "probe@else.example",
                "PROBE_IMAP_URL": mailbox.url,
                "PROBE_IMAP_PASSWORD": MAILBOX,
                "PROBE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            }
            yield doctor


async def test_all_is_well_beside_a_running_bot_that_is_not_disturbed(
    doctor: DoctorProcess,
) -> None:
    async with doctor.bot.running() as process:
        done = await doctor.examine()
        resolver = "{}:{}".format(*doctor.dns.address)
        assert list(done.parts) == [
            "token", "intents", "channel", "admins", "mailcow", "read_key", "write_key",
            "key_changes", "probe", "probe_smtp", resolver, "mail_host", "clock", "database",
        ]  # fmt: skip
        assert set(done.statuses().values()) == {"ok"}, done.out
        assert done.code == 0
        assert len(doctor.discord.identifies) == 1
        assert await doctor.bot.stop(process) == 0
    assert "Traceback" not in doctor.bot.says()
    assert not doctor.mailcow.dkim


async def test_people_read_a_word_and_a_remedy_for_each_part(doctor: DoctorProcess) -> None:
    doctor.environment["REQUEST_CHANNEL_ID"] = "100000000000000078"
    done = await doctor.call("doctor", alone=True)
    text = " ".join(done.out.split())
    assert "ok Discord Discord knows the token, and me as cowbell." in text
    assert "fail Request channel there is no channel" in text
    assert "\x1b" not in done.out
    assert done.code == 1


async def test_what_is_not_set_says_so_and_is_no_failure(doctor: DoctorProcess) -> None:
    for name in (
        "DISCORD_TOKEN", "REQUEST_CHANNEL_ID", "ADMIN_USER_IDS",
        "MAILCOW_URL", "MAILCOW_READ_KEY", "MAILCOW_API_KEY",
        "PROBE_ADDRESS", "PROBE_IMAP_URL", "PROBE_IMAP_PASSWORD", "PROBE_SMTP_URL",
    ):  # fmt: skip
        del doctor.environment[name]
    done = await doctor.examine()
    for name in ("token", "channel", "admins", "mailcow", "probe"):
        assert done.parts[name]["status"] == "info"
        assert done.parts[name]["message"].startswith("not set: ")
    assert done.parts["clock"]["status"] == "unknown"
    assert done.code == 0


async def test_a_mailbox_that_lets_nobody_in_fails_and_is_not_changed(
    doctor: DoctorProcess,
) -> None:
    doctor.mailbox.fault = MailboxFault.REFUSES
    doctor.mailbox.deliver(b"Subject: x\r\n\r\n")
    before = doctor.mailbox.state()
    done = await doctor.examine()
    assert done.statuses()["probe"] == "fail"
    assert "does not take the user and the password" in done.parts["probe"]["message"]
    doctor.mailbox.fault = MailboxFault.FINE
    del doctor.environment["PROBE_SMTP_URL"]
    done = await doctor.examine()
    assert "the inbox holds one mail" in done.parts["probe"]["message"]
    assert done.parts["probe_smtp"]["code"] == "probe-smtp-unset"
    assert doctor.mailbox.state() == before


async def test_a_wrong_token_fails_and_its_channel_is_left_open(doctor: DoctorProcess) -> None:
    doctor.environment["DISCORD_TOKEN"] = "another-token"
    done = await doctor.examine()
    assert done.parts["token"]["code"] == "token-wrong"
    assert done.parts["channel"]["status"] == "unknown"
    assert "another-token" not in done.out
    assert done.code == 1


async def test_a_discord_that_cannot_be_asked_is_no_failure(doctor: DoctorProcess) -> None:
    doctor.discord.is_down = True
    done = await doctor.examine()
    assert done.parts["token"]["status"] == "unknown"
    assert done.code == 0


async def test_a_right_that_is_lacking_in_the_channel_is_named(doctor: DoctorProcess) -> None:
    doctor.discord.permissions = discord.Permissions(view_channel=True, send_messages=True)
    done = await doctor.examine()
    said = done.parts["channel"]["message"]
    assert "Read Message History and Attach Files" in said
    assert "Send Messages" not in said
    assert done.code == 1


async def test_intents_that_nobody_needs_are_worth_a_word(doctor: DoctorProcess) -> None:
    doctor.discord.flags = discord.ApplicationFlags(gateway_message_content_limited=True)
    done = await doctor.examine()
    assert done.parts["intents"]["status"] == "info"
    assert "Message Content is switched on" in done.parts["intents"]["message"]


async def test_a_refused_key_is_tried_once_and_the_other_not_at_all(doctor: DoctorProcess) -> None:
    doctor.mailcow.keys[READ].active = False
    done = await doctor.examine()
    assert len(doctor.mailcow.calls) == 1
    assert done.parts["mailcow"]["status"] == "fail"
    assert "MAILCOW_READ_KEY" in done.parts["mailcow"]["message"]
    assert done.parts["write_key"]["code"] == "key-not-asked"
    assert done.code == 1


async def test_a_key_for_writing_that_is_refused_is_tried_once(doctor: DoctorProcess) -> None:
    doctor.mailcow.keys[WRITE].active = False
    done = await doctor.examine()
    assert [call.key for call in doctor.mailcow.calls].count(WRITE) == 1
    assert done.statuses()["write_key"] == "fail"
    assert done.statuses()["read_key"] == "ok"


async def test_a_key_that_may_do_more_or_less_than_its_name_says_is_told(
    doctor: DoctorProcess,
) -> None:
    doctor.mailcow.keys[READ].may_write, doctor.mailcow.keys[WRITE].may_write = True, False
    done = await doctor.examine()
    assert done.parts["read_key"]["code"] == "read-key-writes"
    assert done.statuses()["read_key"] == "warn"
    assert "may only read" in done.parts["write_key"]["message"]
    assert done.statuses()["write_key"] == "fail"


async def test_a_silent_mailcow_is_given_up(doctor: DoctorProcess) -> None:
    doctor.mailcow.mood = MailcowFault.SILENT
    done = await doctor.examine()  # the client's own limit would be five minutes
    assert done.statuses()["mailcow"] == "fail"
    assert done.code == 1


async def test_each_resolver_has_a_line_of_its_own(doctor: DoctorProcess) -> None:
    good = "{}:{}".format(*doctor.dns.address)
    doctor.dns.zones = Zones.of(world.zones().table.values(), outside="refused")
    async with ZoneServer(Zones.of((), servfail=["."])) as broken:
        bad = "{}:{}".format(*broken.address)
        doctor.environment["DNS_SERVERS"] = f"{good}, {bad}, 127.0.0.1:9"
        done = await doctor.examine()
    assert done.parts[good]["code"] == "resolver-plain"
    assert done.parts[bad]["code"] == "resolver-fails"
    assert done.parts["127.0.0.1:9"]["code"] == "resolver-silent"
    assert done.statuses()["mail_host"] == "ok"
    assert done.code == 1


@pytest.mark.parametrize(
    ("validates", "trusted", "status", "code"),
    [
        (False, False, "ok", "resolver-plain"),
        (False, True, "warn", "resolver-not-validating"),
        (True, False, "info", "resolver-could-count"),
        (True, True, "ok", "resolver-trusted"),
    ],
)
async def test_whether_the_ad_flag_may_count_fits_the_resolver(
    doctor: DoctorProcess, validates: bool, trusted: bool, status: str, code: str
) -> None:
    async with ValidatingRelay(doctor.dns.address) as relay:
        name = str(relay.server) if validates else "{}:{}".format(*doctor.dns.address)
        doctor.environment |= {"DNS_SERVERS": name, "DNS_TRUST_AD": str(trusted)}
        done = await doctor.examine()
    assert (done.parts[name]["status"], done.parts[name]["code"]) == (status, code)


async def test_a_mail_host_without_an_address_fails(doctor: DoctorProcess) -> None:
    doctor.environment["MAIL_HOST"] = "nowhere.cow.example"
    done = await doctor.examine()
    assert done.parts["mail_host"]["code"] == "host-missing"
    assert done.code == 1


@pytest.mark.parametrize(("hours", "word"), [(5, "behind"), (-5, "ahead of")])
async def test_a_clock_that_is_off_is_said_with_how_much(
    doctor: DoctorProcess, hours: int, word: str
) -> None:
    for name in ("MAILCOW_URL", "MAILCOW_READ_KEY", "MAILCOW_API_KEY"):
        del doctor.environment[name]
    doctor.discord.date = datetime.now(UTC) + timedelta(hours=hours, minutes=1 if hours > 0 else 0)
    done = await doctor.examine()
    assert done.parts["clock"]["status"] == "warn"
    assert f"5 h {word} what Discord says" in done.parts["clock"]["message"]
    assert done.code == 0


async def test_a_clock_that_one_of_two_calls_right_is_right(doctor: DoctorProcess) -> None:
    doctor.discord.date = datetime.now(UTC) + timedelta(days=3)
    done = await doctor.examine()
    assert done.parts["clock"]["message"] == "right, by what Mailcow says."


async def test_a_database_of_somebody_else_fails_and_is_left_as_it_is(
    doctor: DoctorProcess,
) -> None:
    path = doctor.folder / "bot.db"
    shop = sqlite3.connect(path)
    shop.execute("CREATE TABLE shop (id INTEGER)")
    shop.commit()
    shop.close()
    before = path.read_bytes()
    done = await doctor.examine()
    assert "another program's tables" in done.parts["database"]["message"]
    assert done.code == 1
    assert path.read_bytes() == before


async def test_a_database_that_is_not_there_yet_is_not_made(doctor: DoctorProcess) -> None:
    done = await doctor.examine()
    assert done.parts["database"]["code"] == "database-absent"
    assert done.code == 0
    assert not (doctor.folder / "bot.db").exists()


async def test_where_nobody_answers_nothing_is_found_out(doctor: DoctorProcess) -> None:
    doctor.discord.is_down = True
    doctor.environment |= {"DNS_SERVERS": "127.0.0.1:9", "MAILCOW_URL": "http://127.0.0.1:9"}
    doctor.environment["PROBE_IMAP_URL"] = "imap://probe@127.0.0.1:9"
    doctor.environment["PROBE_SMTP_URL"] = "smtp://127.0.0.1:9"
    doctor.environment["DISCORD_TOKEN"] = TOKEN
    await doctor.discord.__aexit__()
    done = await doctor.examine()
    asked = {name: s for name, s in done.statuses().items() if name not in {"admins", "database"}}
    assert set(asked.values()) == {"unknown"}, done.out
    assert done.code == 3


async def test_a_wrong_configuration_is_one_line_and_no_examination(doctor: DoctorProcess) -> None:
    doctor.environment["MAIL_HOST"] = "not a host"
    done = await doctor.call("doctor", "--json", alone=True)
    assert done.out == ""
    assert done.err.startswith("MAIL_HOST: ")
    assert done.code == 2


async def test_the_invitation_asks_for_what_is_needed_and_no_more(doctor: DoctorProcess) -> None:
    doctor.environment["DISCORD_GUILD_ID"] = "100000000000000055"
    done = await doctor.call("invite")
    link = parse_qs(urlsplit(done.out.strip()).query)
    assert link["client_id"] == [str(APPLICATION)]
    assert link["scope"] == ["bot applications.commands"]
    assert link["guild_id"] == ["100000000000000055"]
    doctor.discord.permissions = discord.Permissions(int(link["permissions"][0]))
    assert (await doctor.examine()).statuses()["channel"] == "ok"
    assert "View Channel, Send Messages, Read Message History and Attach Files" in done.err
    assert done.code == 0


async def test_without_discord_the_token_says_whom_to_invite(doctor: DoctorProcess) -> None:
    await doctor.discord.__aexit__()
    first = base64.b64encode(b"100000000000000042").decode().rstrip("=")
    doctor.environment["DISCORD_TOKEN"] = f"{first}.secret.secret"
    done = await doctor.call("invite")
    assert "client_id=100000000000000042&" in done.out
    assert "Discord could not be asked" in done.err
    assert "secret" not in done.out + done.err
    doctor.environment["DISCORD_TOKEN"] = "no-id.in.it"
    done = await doctor.call("invite")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("token", "says"), [("", "DISCORD_TOKEN: It is not set"), ("x", "does not know")]
)
async def test_nobody_is_invited_without_a_token_that_discord_knows(
    doctor: DoctorProcess, token: str, says: str
) -> None:
    doctor.environment["DISCORD_TOKEN"] = token
    done = await doctor.call("invite")
    assert (done.code, done.out) == (2, "")
    assert says in done.err
