"""Whether the mailbox for test mails can be read, and mails to members be handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.checks.finding import Status
from bot.doctor.line import Line
from bot.errors import ProbeError

if TYPE_CHECKING:
    from bot.probe.mail_sender import MailSender
    from bot.probe.mailbox import ProbeMailbox

_SILENT: Final = frozenset({"probe-no-dns", "probe-unreachable", "probe-too-slow"})


async def check_probe(mailbox: ProbeMailbox | None, sender: MailSender | None) -> tuple[Line, ...]:
    """Return a line for the mailbox and one for sending; nothing is changed, and no mail is sent.

    Without a mailbox there is one line, which says what to set.
    """
    if mailbox is None:
        return (Line("probe", Status.INFO, "probe-unset"),)
    return (await _check_mailbox(mailbox), await _check_sender(sender))


async def _check_mailbox(mailbox: ProbeMailbox) -> Line:
    try:
        mails = await mailbox.check()
    except ProbeError as error:
        return _fail("probe", error)
    return Line("probe", Status.PASS, "probe-right", {"host": mailbox.url.host, "mails": mails})


async def _check_sender(sender: MailSender | None) -> Line:
    if sender is None:
        return Line("probe_smtp", Status.INFO, "probe-smtp-unset")
    try:
        await sender.check()
    except ProbeError as error:
        return _fail("probe_smtp", error)
    return Line("probe_smtp", Status.PASS, "probe-smtp-right", {"host": sender.url.host})


def _fail(part: str, error: ProbeError) -> Line:
    return Line(part, Status.FAIL, "said", error=error, silent=error.code in _SILENT)
