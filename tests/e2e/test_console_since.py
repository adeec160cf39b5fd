"""`check --since` and `check --explain`: another process, real sockets, files of a user's."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from console_process import nameserver

from bot.demo.zones import Zones

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from console_process import ConsoleProcess

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

    Done = subprocess.CompletedProcess[str]

pytest_plugins = ["process_fixtures"]

GOOD, BARE, OTHER = "friend.example", "bare.example", "other.example"


@pytest.fixture
def server(case_file: CaseFile, threaded_zone_server: Callable[..., ZoneServer]) -> ZoneServer:
    healthy = next(case for case in case_file.cases if case.id == "C00")
    bare = "@ A 203.0.113.80"
    texts = {**case_file.base_zones, GOOD: healthy.zone, BARE: bare, OTHER: bare}
    return threaded_zone_server(Zones.of(texts))


@pytest.fixture
def check(console: ConsoleProcess, server: ZoneServer) -> Callable[..., Done]:
    """Call `check` against the server."""

    def call(*words: str, **more: Any) -> Done:
        done = console.call("check", *nameserver(server), *words, **more)
        assert "Traceback" not in done.stderr
        return done

    return call


@pytest.fixture
def file(check: Callable[..., Done], tmp_path: Path) -> Path:
    """The file of an earlier run: a domain that is right, and one without any record."""
    path = tmp_path / "earlier.jsonl"
    path.write_text(check("--json", GOOD, BARE).stdout)
    return path


def change(server: ZoneServer, case_file: CaseFile, **zones: str) -> None:
    healthy = next(case for case in case_file.cases if case.id == "C00")
    texts = {**case_file.base_zones, GOOD: healthy.zone, BARE: "@ A 203.0.113.80"}
    texts |= {f"{name}.example": text for name, text in zones.items()}
    server.zones = Zones.of(texts)


def rows(done: Done) -> dict[str, Any]:
    return {row["domain"]: row for row in map(json.loads, done.stdout.splitlines())}


def refused(done: Done) -> str:
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.isprintable()
    assert line.startswith("--since: ")
    return line


def test_nothing_changed_is_said_with_the_time(check: Callable[..., Done], file: Path) -> None:
    done = check(BARE, "--since", str(file))
    assert (done.returncode, done.stderr) == (1, "")
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"Nothing changed since \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", last)


def test_what_changed_is_said_below_the_report(
    check: Callable[..., Done], file: Path, server: ZoneServer, case_file: CaseFile
) -> None:
    mx = '@ A 203.0.113.80\n@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 ip4:192.0.2.1 -all"'
    change(server, case_file, bare=mx)
    done = check(BARE, "--since", str(file))
    said = " ".join(done.stdout.split())
    report, _, changes = said.partition("Since ")
    assert "All checks" in report
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC \+ new: spf, spf-not-authorised", changes)
    assert "- gone: mx, mx-missing (fail): There is no MX record" in changes
    assert "- gone: spf, spf-missing (fail)" in changes
    assert "before, fail now" not in changes  # the status is what it was


def test_several_domains_each_say_what_changed(
    check: Callable[..., Done], file: Path, server: ZoneServer, case_file: CaseFile
) -> None:
    change(server, case_file, friend="@ A 203.0.113.80", other="@ A 203.0.113.80")
    done = check(GOOD, BARE, OTHER, "--since", str(file))
    assert done.returncode == 1
    assert "status: info before, fail now" in done.stdout
    assert "Nothing changed since" in done.stdout
    assert "The earlier reports do not have this domain" in done.stdout


def test_json_has_the_changes_and_null_for_a_domain_that_is_not_there(
    check: Callable[..., Done], file: Path, server: ZoneServer, case_file: CaseFile
) -> None:
    change(server, case_file, friend="@ A 203.0.113.80", other="@ A 203.0.113.80")
    done = check("--json", GOOD, BARE, OTHER, "--since", str(file))
    assert (done.returncode, done.stderr) == (1, "")
    found = rows(done)
    before = rows_of(file)
    assert found[OTHER]["since"] is None
    assert found[BARE]["since"] == {
        "checked_at": before[BARE]["checked_at"],
        "status": "fail",
        "new": [],
        "gone": [],
        "changed": [],
    }
    since = found[GOOD]["since"]
    assert since["status"] == "info"
    assert "mx-missing" in [said["code"] for said in since["new"]]
    missing = next(said for said in since["new"] if said["code"] == "mx-missing")
    assert any(missing.items() <= finding.items() for finding in found[GOOD]["findings"])
    # What a run prints can be what the next one is compared with.
    file.write_text(done.stdout)
    again = rows(check("--json", GOOD, "--since", str(file)))[GOOD]["since"]
    assert (again["new"], again["gone"], again["changed"]) == ([], [], [])


def rows_of(file: Path) -> dict[str, Any]:
    return {row["domain"]: row for row in map(json.loads, file.read_text().splitlines())}


def test_the_exit_code_is_that_of_the_report(check: Callable[..., Done], file: Path) -> None:
    assert check(GOOD, "--since", str(file)).returncode == 0
    assert check(OTHER, "--since", str(file)).returncode == 1
    assert check(GOOD, "no domain", "--since", str(file)).returncode == 2


def test_the_file_can_be_stdin(check: Callable[..., Done], file: Path) -> None:
    done = check(GOOD, "--since", "-", stdin=file.read_text())
    assert "Nothing changed since" in done.stdout


def test_a_file_that_cannot_be_used_is_said_in_one_line(
    check: Callable[..., Done], file: Path, tmp_path: Path
) -> None:
    def given(octets: bytes) -> str:
        (tmp_path / "x").write_bytes(octets)
        return refused(check(GOOD, "--since", "x"))

    assert "No such file" in refused(check(GOOD, "--since", "missing\n\x1b[31m"))
    assert "directory" in refused(check(GOOD, "--since", str(tmp_path)))
    assert "no text file" in given(b"\xff\xfe\x00")
    assert "line 1 is no JSON; each line has to be a report of check --json." in given(b"oops")
    assert "there is no report in it" in given(b"\n\n")
    other = file.read_text().replace('"schema": 2', '"schema": 7')
    assert "schema 7" in given(other.encode())


def test_what_comes_out_of_a_file_drives_no_terminal(
    check: Callable[..., Done], file: Path
) -> None:
    row = rows_of(file)[GOOD]
    hostile = "\x1b[31m\u202e[bold]{{ 7*7 }}\r\n" + "x" * 5000
    gone = {"check": "mx", "code": "\x1b", "severity": "fail", "message": hostile, "fixes": []}
    file.write_text(json.dumps({**row, "findings": [gone, *row["findings"]]}))
    done = check(GOOD, "--since", str(file))
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    said = " ".join(done.stdout.split())
    assert r"gone: mx, \x1b (fail): \x1b[31m\u202e[bold]{{ 7*7 }} xxx" in said
    assert len(done.stdout) < 8000


def test_explain_says_why_below_each_finding(check: Callable[..., Done]) -> None:
    done = check(BARE, "--explain")
    assert done.returncode == 1
    said = done.stdout
    assert said.count("Why: ") == said.count("https://www.rfc-editor.org/rfc/rfc") > 3
    link = "RFC 5321, section 5.1: https://www.rfc-editor.org/rfc/rfc5321#section-5.1"
    assert link in [line.strip() for line in said.splitlines()]
    assert "Why: " not in check(BARE).stdout


def test_explain_works_for_several_domains_and_in_json(check: Callable[..., Done]) -> None:
    assert check(BARE, OTHER, "--explain").stdout.count("Why: ") == 2
    explained = rows(check("--json", BARE, "--explain"))[BARE]["findings"]
    plain = rows(check("--json", BARE))[BARE]["findings"]
    assert explained[0]["reference"] == "https://www.rfc-editor.org/rfc/rfc5321#section-5.1"
    assert explained[0]["why"].startswith("The MX records say which server takes the mail")
    without = [{k: v for k, v in f.items() if k not in {"why", "reference"}} for f in explained]
    assert without == plain
    assert all({"why", "reference"} <= finding.keys() for finding in explained)
