"""What people type at the console: exit codes, errors of one line, and output that stays clean."""

from __future__ import annotations

import asyncio
import csv
import json
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.rdatatype
import dns.zonefile
import pytest
from console_process import nameserver

from bot.demo.zones import Zones
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.model import BOT
from bot.rotations.rotation import NewRotation, RotationState
from bot.rotations.rotation_changes import move
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations
from max_wait import MAX_WAIT
from rotation_parts import ADMIN, NEW, make_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from console_process import ConsoleProcess

    from bot.demo.zone_server import ZoneServer
    from bot.rotations.rotation import Rotation, RotationChange
    from conftest import CaseFile

    Done = subprocess.CompletedProcess[str]

pytest_plugins = ["process_fixtures"]

GOOD, BARE, SILENT = "friend.example", "bare.example", "silent.example"
KEYS = {
    "schema",
    "domain",
    "checked_at",
    "status",
    "checks",
    "findings",
    "queries",
    "elapsed_ms",
    "plan",
}


@pytest.fixture
def server(case_file: CaseFile, threaded_zone_server: Callable[..., ZoneServer]) -> ZoneServer:
    """Three domains: all right, without any record for mail, and one whose servers fail."""
    healthy = next(case for case in case_file.cases if case.id == "C00")
    texts = {**case_file.base_zones, GOOD: healthy.zone, BARE: "@ A 203.0.113.80", SILENT: ""}
    return threaded_zone_server(Zones.of(texts, servfail=[SILENT]))


@pytest.fixture
def check(console: ConsoleProcess, server: ZoneServer) -> Callable[..., Done]:
    """Call `check --json` against the server."""

    def call(*words: str, **more: Any) -> Done:
        return console.call("check", "--json", *nameserver(server), *words, **more)

    return call


@pytest.fixture
def check_alone(console: ConsoleProcess, server: ZoneServer) -> Callable[..., Done]:
    """Call `check --json` against the server in a Python that has imported nothing yet."""

    def call(*words: str) -> Done:
        return console.call_alone("check", "--json", *nameserver(server), *words)

    return call


def rows(done: Done) -> dict[str, Any]:
    """Return the reports by domain; every line of stdout has to be one."""
    found = {}
    for line in done.stdout.splitlines():
        assert line.isascii()
        assert line.isprintable()
        row = json.loads(line)
        assert set(row) - {"provider"} == KEYS  # that is there where the name servers are known
        assert row["schema"] == 2
        assert set(row["plan"]) == {"next", "steps"}
        found[row["domain"]] = row
    return found


def complaints(done: Done) -> list[str]:
    """Return the lines of stderr: sentences, printable, and no traceback."""
    lines = done.stderr.splitlines()
    for line in lines:
        assert line.isprintable()
        assert "Traceback" not in line
        assert "Error" not in line
        assert len(line) < 400
    return lines


def refused(done: Done) -> str:
    """Return the one line that a wrong call gets."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = complaints(done)
    return line


def test_exit_0_says_that_nothing_failed(
    check_alone: Callable[..., Done], case_file: CaseFile
) -> None:
    done = check_alone(GOOD, "--dkim", case_file.dkim)
    assert (done.returncode, complaints(done)) == (0, [])
    assert rows(done)[GOOD]["status"] == "info"


def test_exit_1_says_that_something_failed_and_goes_before_3(
    check_alone: Callable[..., Done],
) -> None:
    done = check_alone(SILENT, BARE, GOOD)
    assert (done.returncode, complaints(done)) == (1, [])
    assert {name: row["status"] for name, row in rows(done).items()} == {
        GOOD: "info",
        BARE: "fail",
        SILENT: "unknown",
    }


def test_exit_3_says_that_something_found_nothing_out(check_alone: Callable[..., Done]) -> None:
    done = check_alone(GOOD, SILENT)
    assert (done.returncode, complaints(done)) == (3, [])
    row = rows(done)[SILENT]
    assert {result["status"] for result in row["checks"].values()} == {"unknown"}
    assert [finding["code"] for finding in row["findings"]] == ["servfail"]


def test_a_wrong_domain_does_not_keep_the_others_from_being_checked(
    check: Callable[..., Done],
) -> None:
    hostile = ("{{7*7}}", "a\x1b[31m.example", "`x`", "\u202eexample.com", "../../etc", "")
    done = check(*hostile, "x" * 10_000, "x." * 5_000 + "example", BARE, GOOD, GOOD)
    assert done.returncode == 2
    assert len(complaints(done)) == 8
    assert set(rows(done)) == {GOOD, BARE}
    assert len(done.stdout.splitlines()) == 2  # each domain once
    assert "49" not in done.stderr


def test_what_was_pasted_is_taken_apart_and_said_so(check: Callable[..., Done]) -> None:
    done = check(f"https://{GOOD}/x", f"me@{BARE}", "BARE.Example.")
    assert done.returncode == 1
    assert len(complaints(done)) == 2
    assert set(rows(done)) == {GOOD, BARE}


def test_a_file_holds_one_domain_a_line_with_comments(
    check: Callable[..., Done], tmp_path: Path
) -> None:
    path = tmp_path / "domains"
    path.write_bytes(b"\xef\xbb\xbf# all of them\r\n\r\n friend.example # mine\r\nbare.example\r\n")
    done = check("--file", str(path))
    assert (done.returncode, complaints(done)) == (1, [])
    assert set(rows(done)) == {GOOD, BARE}


def test_the_file_can_be_stdin_and_comes_on_top_of_arguments(check: Callable[..., Done]) -> None:
    done = check("--file", "-", BARE, stdin=f"{GOOD}\nno-domain\n")
    assert done.returncode == 2
    assert len(complaints(done)) == 1
    assert set(rows(done)) == {GOOD, BARE}


def test_a_file_that_cannot_be_read_is_said_in_one_line(
    check: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b"friend.example\n" * 300_000)
    (tmp_path / "empty").write_bytes(b"# nobody\n")
    assert "No such file" in refused(check("--file", "missing\n\x1b[31m"))
    assert "directory" in refused(check("--file", str(tmp_path)))
    assert "no text file" in refused(check("--file", "binary"))
    assert "larger than" in refused(check("--file", "large"))
    assert "at least one domain" in refused(check("--file", "empty"))


def test_a_wrong_call_gets_one_line(check: Callable[..., Done], case_file: CaseFile) -> None:
    assert "at least one domain" in refused(check())
    assert "one domain only" in refused(check(GOOD, BARE, "--dkim", case_file.dkim))
    assert "--dkim: " in refused(check(GOOD, "--dkim", "v=DKIM1; p=\x1b[31m{{7*7}}"))
    assert "--nameserver" in refused(check(GOOD, "--nameserver", "dns.example"))
    assert r"--no\x0asuch" in refused(check(GOOD, "--no\nsuch"))


def test_no_command_shows_the_help_and_counts_as_wrong(console: ConsoleProcess) -> None:
    done = console.call_alone()
    assert done.returncode == 2
    assert done.stdout == ""
    assert {"settings", "records", "check", "demo"} <= set(done.stderr.split())


def test_a_name_server_that_is_not_there_is_found_out(console: ConsoleProcess) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    done = console.call("check", "--json", GOOD, "--nameserver", f"127.0.0.1:{port}")
    assert (done.returncode, complaints(done)) == (3, [])
    assert rows(done)[GOOD]["status"] == "unknown"


def test_every_fault_of_the_configuration_is_said_at_once(console: ConsoleProcess) -> None:
    wrong = {"MAIL_HOST": "", "MX_PRIORITY": "70000", "DNS_SERVERS": "x\x1b[31m"}
    done = console.call("check", GOOD, DISCORD_TOKEN="s3cret token", **wrong)
    assert (done.returncode, done.stdout) == (2, "")
    lines = complaints(done)
    assert {*wrong} <= {line.split(":")[0] for line in lines}
    assert "s3cret" not in done.stderr


def test_own_templates_go_first_and_a_broken_one_is_said_in_one_line(
    check: Callable[..., Done], tmp_path: Path
) -> None:
    own = tmp_path / "own" / "en" / "findings"
    own.mkdir(parents=True)
    place = str(tmp_path / "own")
    template = own / "mx-missing.j2"
    template.write_text("Where is the MX of {{ domain | code }}?")
    first = rows(check(BARE, TEMPLATES_DIR=place))[BARE]["findings"][0]
    assert first["message"].startswith("Where is the MX of bare.example? Seen everywhere")
    template.write_text("{{ domain")
    assert "mx-missing.j2" in refused(check(BARE, TEMPLATES_DIR=place))
    # It compiles, and what it uses is not there; found out beside other checks.
    template.write_text("{{ no_such_fact }}")
    done = check(BARE, GOOD, TEMPLATES_DIR=place)
    assert done.returncode == 2
    assert len(complaints(done)) == 1
    assert "no_such_fact" in done.stderr


def store_key(path: Path, value: str) -> str:
    """Make a store that knows the key of the good domain, and return its URL."""
    url = f"sqlite+aiosqlite:///{path}"

    async def learn() -> None:
        async with await Database.open(url) as database:
            now = datetime(2026, 11, 23, tzinfo=UTC)
            keys = KnownKeys(database)
            await keys.learn(Domain.from_ascii(GOOD), "dkim", value, KeySource.ADMIN, now)

    asyncio.run(learn())
    return url


def test_the_store_knows_the_key(
    check: Callable[..., Done], console: ConsoleProcess, case_file: CaseFile, tmp_path: Path
) -> None:
    url = store_key(tmp_path / "bot.db", case_file.dkim)
    done = check(GOOD, BARE, DATABASE_URL=url)
    assert complaints(done) == []
    good, bare = rows(done)[GOOD], rows(done)[BARE]
    assert good["checks"]["dkim"]["status"] == "pass"
    assert good["checks"]["dkim"]["expected"] == [case_file.dkim]
    assert bare["checks"]["dkim"]["status"] == "info"
    listed = json.loads(console.call("records", GOOD, "--format", "json", DATABASE_URL=url).stdout)
    assert case_file.dkim in [row["value"] for row in listed]


def store_change(path: Path, value: str) -> str:
    """Make a store in which the good domain has a key that another one takes the place of."""
    url = store_key(path, value)

    async def begin() -> None:
        async with await Database.open(url) as database:
            now = datetime(2026, 11, 23, tzinfo=UTC)
            rotations, old = StoredRotations(database), make_key("dkim", value)
            asked = NewRotation(Domain.from_ascii(GOOD), old, 2048, by_hand=False, actor=ADMIN)
            rotation, _ = await rotations.open(asked, frozenset(), now)

            def prepare(before: Rotation) -> RotationChange:
                return move(before, RotationState.PREPARED, BOT, now, value=NEW.record.text)

            await rotations.change(rotation.id, prepare, now)

    asyncio.run(begin())
    return url


def test_the_store_knows_of_a_key_that_is_being_changed(
    check: Callable[..., Done], console: ConsoleProcess, case_file: CaseFile, tmp_path: Path
) -> None:
    url = store_change(tmp_path / "bot.db", case_file.dkim)
    done = check(GOOD, DATABASE_URL=url)
    report = rows(done)[GOOD]
    assert (report["status"], report["checks"]["dkim"]["status"]) == ("info", "info")
    assert report["checks"]["dkim"]["expected"] == [case_file.dkim, NEW.record.text]
    (finding,) = (f for f in report["findings"] if f["check"] == "dkim")
    assert finding["code"] == "dkim-next-missing"
    assert [fix["name"] for fix in finding["fixes"]] == ["cb202611a._domainkey"]
    assert report["plan"]["next"] == "dkim-next"
    zone = console.call("records", GOOD, "--format", "zone", DATABASE_URL=url).stdout
    text = " ".join(line.removeprefix("; ") for line in zone.splitlines())
    assert "publish it beside the old one" in text
    assert "which still signs: leave it as it is" in text
    listed = json.loads(console.call("records", GOOD, "--format", "json", DATABASE_URL=url).stdout)
    assert [row["purpose"] for row in listed][2:5] == ["dkim", "dkim-next", "dmarc"]
    table = console.call("records", GOOD, DATABASE_URL=url).stdout
    assert NEW.record.text in table.splitlines()


def test_a_store_that_cannot_be_read_is_said_in_one_line(
    check: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "bot.db").write_bytes(b"this is no database at all" * 100)
    refused(check(GOOD, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"))


def test_records_come_in_formats_that_programs_read(
    console: ConsoleProcess, case_file: CaseFile
) -> None:
    def records(form: str) -> str:
        done = console.call("records", GOOD, "--format", form, "--dkim", case_file.dkim)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    zone = dns.zonefile.read_rrsets(records("zone"), rdclass=None, relativize=False)
    listed = json.loads(records("json"))
    assert {rrset.name.to_text(omit_final_dot=True) for rrset in zone} == {
        row["full_name"] for row in listed
    }
    (key,) = (rrset[0] for rrset in zone if b"_domainkey" in rrset.name.labels)
    assert b"".join(key.strings).decode() == case_file.dkim
    assert {dns.rdatatype.to_text(rrset.rdtype) for rrset in zone} == {"MX", "TXT", "CNAME", "SRV"}
    table = list(csv.DictReader(records("csv").splitlines()))
    assert [row["value"] for row in table] == [row["value"] for row in listed]
    # In the table, a long value has a line of its own, to be copied.
    assert case_file.dkim in records("table").splitlines()


@pytest.mark.parametrize("form", ["table", "zone", "json", "csv"])
def test_records_print_a_strict_dmarc_stage_on_purpose_alone(
    console: ConsoleProcess, form: str
) -> None:
    for arguments, policy in (((), "none"), (("--stage", "reject"), "reject")):
        done = console.call("records", GOOD, "--format", form, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        value = f"v=DMARC1; p={policy}; sp={policy}; rua=mailto:dmarc@cow.example"
        assert value in done.stdout
        assert done.stdout.count("v=DMARC1; p=") == done.stdout.count(value)


@pytest.mark.parametrize("stage", ["", "strict", "REJECT", "none; p=reject"])
def test_a_stage_that_is_no_policy_is_refused_in_one_line(
    console: ConsoleProcess, stage: str
) -> None:
    said = refused(console.call("records", GOOD, "--stage", stage))
    assert "Value error" not in said
    assert "'none', 'quarantine', 'reject'" in said


def test_settings_fill_in_the_user_name(console: ConsoleProcess) -> None:
    plain = console.call("settings")
    assert (plain.returncode, plain.stderr) == (0, "")
    for word in ("mx1.cow.example", "993", "465", "995"):
        assert word in plain.stdout
    named = console.call("settings", f"Ann@{GOOD}")
    assert f"Ann@{GOOD}" in named.stdout
    assert "@" in refused(console.call("settings", ""))
    refused(console.call("settings", "\x1b[31m@friend.example"))


def test_settings_show_the_steps_of_an_app(console: ConsoleProcess) -> None:
    done = console.call("settings", f"ann@{GOOD}", "--app", "outlook-new")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"6. To send: server mx1.cow.example, port 465, “SSL/TLS”, user name ann@{GOOD}" in (
        " ".join(done.stdout.split())
    )
    assert "gives your password to Microsoft" in " ".join(done.stdout.split())


def test_an_app_that_is_none_is_refused_with_those_that_there_are(console: ConsoleProcess) -> None:
    done = console.call("settings", "--app", "pine")
    assert done.returncode == 2
    said = refused(done)
    assert said.startswith('--app: "pine" is none that I know; there are apple-iphone, apple-mac, ')


def test_settings_come_as_json_with_and_without_an_app(console: ConsoleProcess) -> None:
    done = console.call("settings", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    row = json.loads(done.stdout)
    assert (row["schema"], row["host"], row["is_example"]) == (1, "mx1.cow.example", True)
    assert row["services"][1] == {
        "protocol": "SMTP",
        "direction": "outgoing",
        "host": "mx1.cow.example",
        "port": 465,
        "security": "TLS",
        "preferred": True,
    }
    assert {"key", "name", "version", "date"} == set(row["apps"][0])
    assert "app" not in row
    done = console.call("settings", f"ann@{GOOD}", "--app", "gmail", "--json")
    row = json.loads(done.stdout)
    assert row["app"]["key"] == "gmail"
    assert len(row["app"]["steps"]) == 6
    assert row["user_name"] == f"ann@{GOOD}"


@pytest.mark.parametrize("words", [("check", BARE, GOOD), ("check", BARE), ("records", GOOD)])
def test_a_reader_that_goes_away_ends_it_quietly(
    console: ConsoleProcess, server: ZoneServer, words: tuple[str, ...]
) -> None:
    more = nameserver(server) if words[0] == "check" else ()
    process = console.start(*words, *more)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=MAX_WAIT)
    assert errors == b""
    assert process.returncode == 0


def test_json_lines_end_quietly_too(console: ConsoleProcess, server: ZoneServer) -> None:
    process = console.start("check", "--json", BARE, GOOD, *nameserver(server))
    assert process.stdout is not None
    process.stdout.close()
    assert (process.communicate(timeout=MAX_WAIT)[1], process.returncode) == (b"", 0)


def test_a_full_disk_is_said_in_one_line(console: ConsoleProcess) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            console.command("settings"),
            env=console.env(),
            cwd=console.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=MAX_WAIT,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupt_ends_a_check_with_130_and_nothing_else(
    console: ConsoleProcess, threaded_zone_server: Callable[..., ZoneServer], case_file: CaseFile
) -> None:
    slow = threaded_zone_server(case_file.with_zone("@ A 203.0.113.80"), delay=30.0)
    process = console.start("check", GOOD, BARE, *nameserver(slow))
    deadline = time.monotonic() + MAX_WAIT
    while not slow.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=MAX_WAIT)
    assert (output, errors, process.returncode) == (b"", b"", 130)


def test_an_output_that_lacks_characters_gets_them_spelled_out(
    console: ConsoleProcess, server: ZoneServer
) -> None:
    done = console.call_alone("check", BARE, *nameserver(server), PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert done.stdout.startswith(r"\u2717 bare.example")


@pytest.mark.parametrize("command", ["check", "records"])
def test_the_words_of_a_provider_can_be_chosen(
    console: ConsoleProcess, server: ZoneServer, command: str
) -> None:
    servers = "{}:{}".format(*server.address)
    asked = console.call(command, BARE, "--provider", "route53", DNS_SERVERS=servers)
    assert "Record name" in asked.stdout
    assert "(leave empty)" in asked.stdout
    assert "10 mx1." in asked.stdout
    assert "https://console.aws.amazon.com/route53/v2/hostedzones" in asked.stdout
    assert "ns1.dns-servers.example" in " ".join(asked.stdout.split())
    neutral = console.call(command, BARE, DNS_SERVERS=servers)
    assert "Record name" not in neutral.stdout
    assert "@" in neutral.stdout


@pytest.mark.parametrize("command", ["check", "records"])
def test_a_provider_that_nobody_knows_is_one_sentence_with_the_list(
    console: ConsoleProcess, command: str
) -> None:
    done = console.call(command, GOOD, "--provider", "x\x1b[31m")
    assert done.returncode == 2
    assert done.stdout == ""
    (complaint,) = complaints(done)
    assert complaint.startswith('--provider: "x')
    assert "cloudflare, domeneshop" in complaint
    assert complaint.endswith(", other.")
