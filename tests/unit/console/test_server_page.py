"""What `server` prints of the mail server's ports: a row each, in words or as JSON."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from rich.console import Console

from bot.checks.server.server_report import compile_server_report
from bot.console.server_page import show_server
from bot.net.port_look import ALL_PORTS, CertificateState, PortLook, Reached, TlsState
from bot.words import Words
from observed_server import SERVER, observe
from port_looks import AT
from seen_ports import at, showing, unreached, without_tls, world

WORDS = Words()


def printed(*looks: PortLook, as_json: bool = False) -> str:
    text = io.StringIO()
    report = compile_server_report(observe(ports=looks), AT, 7)
    show_server(Console(file=text, width=160), report, SERVER, WORDS, as_json=as_json)
    return text.getvalue()


def row_of(text: str, name: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(name))
    return " ".join(line.removeprefix(name).split())


def test_each_port_is_a_row_with_its_days_logins_and_time() -> None:
    text = printed(
        *world(
            at(993, tls_version="TLSv1.3", logins_after=("PLAIN", "LOGIN"), elapsed_ms=48),
            showing(143, CertificateState.EXPIRED, tls_version="TLSv1.2"),
            without_tls(587, TlsState.NOT_OFFERED, logins_before=("PLAIN",)),
            unreached(995, Reached.CLOSED),
            unreached(4190, Reached.NO_ANSWER),
        )
    )
    assert "Ports of the mail server" in text
    assert row_of(text, "IMAP 993") == "✓ open TLSv1.3 60 days left PLAIN LOGIN 48 ms"
    assert row_of(text, "IMAP 143") == "✗ open TLSv1.2 expired none"
    assert row_of(text, "SMTP 587") == "! open no TLS PLAIN"
    assert row_of(text, "POP3 995") == "i closed"
    assert row_of(text, "ManageSieve 4190") == "? could not look"


@pytest.mark.parametrize("reached", [Reached.PRIVATE, Reached.NO_DNS, Reached.CLOSED, None])
def test_no_table_where_nothing_was_found_out(reached: Reached | None) -> None:
    looks = [unreached(each.number, reached) for each in ALL_PORTS] if reached else []
    assert "Ports of the mail server" not in printed(*looks)


def test_json_has_the_ports_and_the_certificates_in_ascii() -> None:
    hostile = showing(993, CertificateState.OTHER_NAME, names=("\u202eevil\x1b[31m",))
    text = printed(*world(hostile), as_json=True)
    assert text.isascii()
    assert "\x1b" not in text
    row = json.loads(text)
    assert row["ports"][0]["certificate"] == "other-name"
    assert {each["days_left"] for each in row["certificates"]} == {60}


def test_nothing_that_a_server_says_drives_the_terminal() -> None:
    odd = PortLook(unreached(143, Reached.ODD).port, Reached.ODD, said="\x1b[2J\u202eevil")
    hostile = showing(
        993,
        CertificateState.EXPIRED,
        names=("\x1b]0;x\x07",),
        issuer="\x1b[31m",
        ends_in=timedelta(days=-1),
        tls_version="\x1b[1m",
        logins_after=("\x1b[5m",),
    )
    text = printed(*world(odd, hostile))
    assert not {"\x1b", "\x07", "\u202e"}.intersection(text)
