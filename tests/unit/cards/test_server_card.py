"""The card of the mail server: its ports line by line, within the limits, and nothing pings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest

from bot.cards.server_card import build_server_card
from bot.checks.server.server_report import ServerReport, compile_server_report
from bot.interactions.item_factory import PersistentItems
from bot.net.port_look import ALL_PORTS, CertificateState, PortLook, Reached, TlsState
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from observed_server import SERVER, observe
from port_looks import AT
from seen_ports import at, certificate, showing, unreached, without_tls, world

WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
NASTY = "`@everyone` <@1> **b** \n# big\n[x](https://evil.example/) \u202e\x1b[31m"


def report_of(*looks: PortLook) -> ServerReport:
    return compile_server_report(observe(ports=looks), AT, 7)


def lines_of(report: ServerReport) -> list[str]:
    view = build_server_card(report, SERVER, WORDS, ITEMS).view
    texts = [i.content for i in view.walk_children() if isinstance(i, discord.ui.TextDisplay)]
    return "\n".join(texts).splitlines()


def line_of(report: ServerReport, name: str) -> str:
    lines = lines_of(report)
    title = lines.index("### Ports of the mail server")
    (line,) = (line for line in lines[title : title + 11] if f"`{name}`" in line)
    return line


def test_a_port_that_is_right_is_said_in_a_line() -> None:
    look = at(993, tls_version="TLSv1.3", logins_after=("PLAIN", "LOGIN"), elapsed_ms=48)
    report = report_of(*world(look))
    assert line_of(report, "IMAP 993") == "-# ✅ `IMAP 993` TLSv1.3 · 48 ms"
    assert "-# One certificate on all of them: 60 days left." in lines_of(report)


def test_ways_to_log_in_are_said_once_for_all_ports_that_have_the_same() -> None:
    usual = [at(number, logins_after=("PLAIN", "LOGIN")) for number in (993, 143, 465)]
    pop = at(995, logins_after=("PLAIN", "USER"))
    assert (
        "-# Login after TLS: `PLAIN LOGIN: 993, 143, 465` and `PLAIN USER: 995`. "
        "No port takes one before."
    ) in lines_of(report_of(*world(*usual, pop)))
    early = at(587, logins_before=("PLAIN",))
    assert "-# Login after TLS: `PLAIN USER: 995`." in lines_of(report_of(*world(pop, early)))


def test_each_fault_stands_in_the_line_of_its_port() -> None:
    report = report_of(
        *world(
            showing(993, CertificateState.EXPIRED, tls_version="TLSv1.3"),
            without_tls(587, TlsState.NOT_OFFERED, logins_before=("PLAIN",)),
            unreached(995, Reached.CLOSED),
            unreached(4190, Reached.NO_ANSWER),
            at(443, tls=TlsState.OLD, tls_version="TLSv1.1"),
        )
    )
    assert line_of(report, "IMAP 993") == "-# ❌ `IMAP 993` TLSv1.3 · expired"
    assert line_of(report, "SMTP 587").endswith("open · no TLS · before TLS `PLAIN`")
    assert line_of(report, "POP3 995") == "-# ℹ️ `POP3 995` closed"
    assert line_of(report, "ManageSieve 4190") == "-# ❓ `ManageSieve 4190` could not look"
    assert line_of(report, "HTTPS 443") == "-# ❌ `HTTPS 443` open · only TLSv1.1 · 60 days left"


def test_nothing_is_said_of_ports_that_nobody_looked_at() -> None:
    for looks in ((), tuple(unreached(each.number, Reached.PRIVATE) for each in ALL_PORTS)):
        assert not any("IMAP" in line for line in lines_of(report_of(*looks)))


FAULTS = (
    *(replace(look, said=NASTY * 9) for look in (unreached(143, Reached.ODD), at(465))),
    without_tls(587, TlsState.REFUSED, said=NASTY, logins_before=("PLAIN", *("X" * 64,) * 60)),
    showing(993, CertificateState.OTHER_NAME, names=(NASTY,) * 10, issuer=NASTY),
    showing(443, CertificateState.UNTRUSTED, issuer=NASTY, ends_in=timedelta(days=-4)),
    unreached(995, Reached.CLOSED),
    unreached(110, Reached.TURNED_AWAY),
    unreached(4190, Reached.BLOCKED),
    at(25, tls=TlsState.OLD, tls_version="TLSv1"),
)


WORDY = tuple(
    at(
        each.number,
        logins_before=tuple(f"{n}{each.number}" + "X" * 59 for n in range(60)),
        logins_after=tuple(f"{n}{each.number}" + "Y" * 59 for n in range(60)),
    )
    for each in ALL_PORTS
)


@pytest.mark.parametrize("looks", [FAULTS, WORDY])
def test_the_words_of_a_hostile_server_stay_words(looks: tuple[PortLook, ...]) -> None:
    report = report_of(*world(*looks))
    components, characters = measure(build_server_card(report, SERVER, WORDS, ITEMS).view)
    assert components <= MOST_COMPONENTS
    assert characters <= 4000
    text = "\n".join(lines_of(report))
    assert not {"\x1b", "\u202e"}.intersection(text)
    assert "\n# big" not in text
    # Whatever could ping or link stands in a code span, in which it is a text.
    outside = "".join(text.split("`")[::2])
    assert "@everyone" not in outside
    assert "evil.example" not in outside


def test_certificates_that_differ_are_said_line_by_line() -> None:
    other = at(443, certificate=certificate(ends_in=timedelta(days=20, hours=1)))
    report = report_of(*world(other))
    assert "20 days left" in line_of(report, "HTTPS 443")
    assert "60 days left" in line_of(report, "SMTP 465")
