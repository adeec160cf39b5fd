"""`python -m bot server` as the admin calls it: another process, real sockets, the cases' world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from console_process import nameserver

from bot.demo.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from console_process import ConsoleProcess

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

    Start = Callable[..., ZoneServer]

pytest_plugins = ["process_fixtures"]

PTR = "25 PTR mx1.cow.example."


def world(case_file: CaseFile, old: str = "", new: str = "") -> Zones:
    """Return the world of the cases with one text in it changed."""
    return Zones.of({name: text.replace(old, new) for name, text in case_file.base_zones.items()})


def test_a_right_server_passes(
    case_file: CaseFile, console: ConsoleProcess, threaded_zone_server: Start
) -> None:
    server = threaded_zone_server(world(case_file))
    done = console.call("server", "--json", *nameserver(server))
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["schema"], report["server"], report["status"]) == (1, "mx1.cow.example", "info")
    assert "domain" not in report
    for check in ("address", "reverse", "spf", "helo", "dmarc", "reports"):
        assert report["checks"][check]["status"] == "pass", check
    assert len(server.asked_udp) == report["queries"]


def test_what_is_wrong_is_said_with_its_remedy(
    case_file: CaseFile, console: ConsoleProcess, threaded_zone_server: Start
) -> None:
    server = threaded_zone_server(world(case_file, PTR, "25 TXT gone"))
    done = console.call("server", *nameserver(server), COLUMNS="200")
    assert (done.returncode, done.stderr) == (1, "")
    said = " ".join(done.stdout.split())
    assert "✗ mx1.cow.example" in said
    assert "198.51.100.25 has no reverse DNS" in said
    assert "Ask the company that the address is from to set it to mx1.cow.example" in said


def test_what_is_only_at_risk_is_no_failure(
    case_file: CaseFile, console: ConsoleProcess, threaded_zone_server: Start
) -> None:
    server = threaded_zone_server(world(case_file, "*._report._dmarc", "other"))
    done = console.call("server", "--json", *nameserver(server))
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["status"] == "warn"
    first = report["findings"][0]
    assert (first["check"], first["code"]) == ("reports", "server-reports-refused")
    assert first["fixes"] == [
        {
            "action": "add",
            "name": "*._report._dmarc",
            "type": "TXT",
            "value": "v=DMARC1;",
            "ttl": 3600,
        }
    ]


def test_a_resolver_that_refuses_finds_nothing_out(
    console: ConsoleProcess, threaded_zone_server: Start
) -> None:
    server = threaded_zone_server(Zones.of((), outside="refused"))
    done = console.call("server", "--json", *nameserver(server))
    assert (done.returncode, done.stderr) == (3, "")
    assert "server-no-address" not in done.stdout


@pytest.mark.parametrize("words", [("server", "friend.example"), ("server", "--nameserver", "ns")])
def test_wrong_usage_is_one_line(console: ConsoleProcess, words: tuple[str, ...]) -> None:
    done = console.call(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_member_reads_only_that_the_admin_is_told(
    case_file: CaseFile, console: ConsoleProcess, threaded_zone_server: Start
) -> None:
    control = next(case for case in case_file.cases if case.code is None)
    zones = case_file.with_zone(control.zone)
    right = threaded_zone_server(zones)
    wrong = Zones.of(
        {
            **{n: t.replace("_spf TXT", "spf TXT") for n, t in case_file.base_zones.items()},
            case_file.domain: control.zone,
        }
    )
    broken = threaded_zone_server(wrong)
    words = ("check", case_file.domain, "--json", "--dkim", case_file.dkim)
    report = json.loads(console.call(*words, *nameserver(right)).stdout)
    assert report["checks"]["server"]["status"] == "pass"
    done = console.call(*words, *nameserver(broken))
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    said = [f for f in report["findings"] if f["code"] == "server-side"]
    assert [(f["check"], f["severity"], f["fixes"]) for f in said] == [("server", "info", [])]
    assert "Only the admin can change that" in said[0]["message"]
    assert report["checks"]["spf"]["status"] == "info"
    assert report["status"] == "info"
