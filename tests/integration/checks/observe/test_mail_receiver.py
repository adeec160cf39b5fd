"""Who receives test mails, and whether that is another server than the mail host."""

from __future__ import annotations

import dns.name
import pytest

from bot.checks.observe.mail_receiver import find_receiver
from bot.dns.answer import Outcome
from bot.names import Domain
from zone_reports import LinesAsk

HOST = dns.name.from_text("mx1.cow.example")
ELSE = Domain.from_ascii("else.example")
OURS = "mx1.cow.example. A 198.51.100.25\nmx1.cow.example. AAAA 2001:db8:25::25\n"
THEIRS = "else.example. MX 10 in.post.example.\nin.post.example. A 203.0.113.9\n"


@pytest.mark.parametrize(
    ("lines", "read_at", "is_foreign"),
    [
        (THEIRS, "imap.post.example", True),
        ("else.example. MX 10 mx1.cow.example.\n", "imap.post.example", False),
        ("else.example. MX 10 m.else.example.\nm.else.example. A 198.51.100.25\n", "x.test", False),
        (THEIRS + "imap.post.example. AAAA 2001:db8:25::25\n", "imap.post.example", False),
        (THEIRS, "mx1.cow.example", False),
        ("", "127.0.0.1", True),
        ("", "::1", True),
        ("", "localhost", True),
    ],
)  # fmt: skip
async def test_it_is_foreign_unless_it_is_the_mail_host_by_name_or_address(
    lines: str, read_at: str, is_foreign: bool
) -> None:
    receiver = await find_receiver(LinesAsk(OURS + lines), ELSE, read_at, HOST)
    assert receiver.is_foreign is is_foreign


async def test_the_hosts_of_the_address_and_the_one_that_is_read_count() -> None:
    receiver = await find_receiver(LinesAsk(OURS + THEIRS), ELSE, "imap.post.example", HOST)
    assert [d.ascii for d in receiver.domains] == [
        "else.example",
        "in.post.example",
        "imap.post.example",
    ]


async def test_without_an_answer_the_name_of_the_mailbox_decides() -> None:
    failing = {"else.example.": Outcome.TIMEOUT}
    receiver = await find_receiver(LinesAsk(OURS, failing), ELSE, "imap.post.example", HOST)
    assert receiver.is_foreign
    assert [d.ascii for d in receiver.domains] == ["else.example", "imap.post.example"]
