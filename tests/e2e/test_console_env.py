"""`.env` as an operator has it at first: an unchanged copy of the example is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from forked_python import ROOT

if TYPE_CHECKING:
    from console_process import ConsoleProcess

pytest_plugins = ["process_fixtures"]

FROM_FILE = {"MAIL_HOST": "", "MAIL_SPF": ""}  # an empty variable does not hide the file's


@pytest.mark.parametrize("command", [["run"], ["doctor"], ["records", "friend.example"]])
def test_an_unchanged_copy_of_the_example_stops_the_start(
    console: ConsoleProcess, command: list[str]
) -> None:
    shutil.copy(ROOT / ".env.example", console.folder / ".env")
    done = console.call(*command, DISCORD_TOKEN="token", **FROM_FILE)
    assert (done.returncode, done.stdout) == (2, "")
    host, spf = done.stderr.splitlines()
    assert "MAIL_HOST: It is still the example's: write the host name" in host
    assert "MAIL_SPF: It is still the example's: write the SPF value" in spf


def test_the_environment_goes_before_an_unchanged_copy(console: ConsoleProcess) -> None:
    shutil.copy(ROOT / ".env.example", console.folder / ".env")
    done = console.call("records", "friend.example", "--format", "zone")
    assert done.returncode == 0
    assert "friend.example. 3600 IN MX 10 mx1.cow.example." in done.stdout


def test_what_is_offered_decides_which_optional_records_are_printed(
    console: ConsoleProcess,
) -> None:
    def owners(offer: str) -> set[str]:
        done = console.call("records", "friend.example", "--format", "zone", OFFER=offer)
        assert done.returncode == 0
        lines = [line for line in done.stdout.splitlines() if not line.startswith(";")]
        return {line.split(".friend")[0] for line in lines if ".friend.example. " in line}

    assert owners("none") == {"_dmarc"}
    assert owners("webmail, srv") == {"_dmarc", "mail", "_imaps._tcp", "_submissions._tcp"}
    assert owners("") == {*("_dmarc", "mail", "autoconfig", "autodiscover", "_autodiscover._tcp")}
    done = console.call("records", "friend.example", OFFER="webmial")
    assert done.returncode == 2
    assert "webmial is no optional record" in done.stderr
