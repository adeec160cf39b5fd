"""The cards of a test mail: first its one cause and what to do, then all that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import MOST_CHARACTERS, both_ends, choose, clip, moment, span, width
from bot.checks.export.wording import say_cause
from bot.checks.finding import Status
from bot.checks.mail.mail_verdict import Alignment, AuthResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import discord

    from bot.cards.items import Item
    from bot.cards.layout import Card
    from bot.checks.mail.mail_verdict import MailCause, MailVerdict, Signature
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.words import Words

_LONGEST_CAUSE: Final = 500  # characters
_MOST_REMARKS: Final = 2  # on the first card
_COUNTED: Final = frozenset({Alignment.STRICT, Alignment.RELAXED})


def build_mail_card(
    verdict: MailVerdict, server: MailServer, words: Words, *, buttons: Sequence[Item] = ()
) -> Card:
    """Return the card that people see first: how it went, the one cause, and what to do."""
    lines = [f"## {_title(verdict, words)}", f"**{_headline(verdict, words)}**"]
    lines.append(_lights(verdict, words))
    causes = [_say(cause, verdict, server, words) for cause in verdict.causes[:1]]
    small = [_say(remark, verdict, server, words) for remark in verdict.remarks[:_MOST_REMARKS]]
    small.append(_foot(verdict, words))
    return assemble(
        [["\n".join(lines), *causes, *(f"-# {text}" for text in small)]],
        colour=STATUS_COLOURS[verdict.status],
        buttons=buttons,
    )


def build_mail_details_card(
    verdict: MailVerdict,
    server: MailServer,
    words: Words,
    *,
    buttons: Sequence[Item] = (),
    files: tuple[discord.File, ...] = (),
) -> Card:
    """Return the card of all that a mail shows; what has no room is left out from the end."""
    head = f"## {_title(verdict, words)}\n**{_headline(verdict, words)}**"
    foot = f"-# {_foot(verdict, words)}"
    names = [_from_line(verdict, words), _envelope_line(verdict, words)]
    names += [_signer_line(one, words) for one in verdict.signatures] or [_unsigned_line(words)]
    signatures = [_signature_line(one, verdict, words) for one in verdict.signatures]
    results = [
        _spf_line(verdict, words),
        *(signatures or [_line(Status.FAIL, "dkim", words.label("mail", "unsigned"), words)]),
        _dmarc_line(verdict, words),
    ]
    path = [_host_line(verdict, words), _tls_line(verdict, words), _receiver_line(verdict, words)]
    said = [
        f"**{number}.** {_say(cause, verdict, server, words)}"
        for number, cause in enumerate(verdict.causes, 1)
    ]
    mark = words.label("marks", Status.INFO.value)
    said += [f"-# {mark} {_say(remark, verdict, server, words)}" for remark in verdict.remarks]
    sections = (names, results, path, said)
    pieces = [(line, "") for section in sections for line in section if line]
    room = MOST_CHARACTERS - width(head) - width(foot) - len(pieces)
    kept = iter(choose(pieces, room))
    texts = ["\n".join(filter(None, (next(kept) for line in part if line))) for part in sections]
    return assemble(
        [[head], *([text] for text in texts), [foot]],
        colour=STATUS_COLOURS[verdict.status],
        buttons=buttons,
        files=files,
    )


def _title(verdict: MailVerdict, words: Words) -> str:
    mark = words.label("marks", verdict.status.value)
    said = words.sentence("discord/mail_title", {"domain": verdict.domain})
    return f"{mark} {said}"


def _headline(verdict: MailVerdict, words: Words) -> str:
    return words.sentence("discord/mail_headline", verdict.outline)


def _foot(verdict: MailVerdict, words: Words) -> str:
    facts: dict[str, Fact] = {"foreign": verdict.is_foreign, "from_host": verdict.is_from_host}
    said = words.sentence("discord/mail_probe", facts)
    if verdict.arrived_at is None:
        return said
    return f"{said} {words.label('mail', 'arrived')} {moment(verdict.arrived_at)}"


def _say(cause: MailCause, verdict: MailVerdict, server: MailServer, words: Words) -> str:
    return clip(say_cause(cause, verdict, server, words), _LONGEST_CAUSE)


def _lights(verdict: MailVerdict, words: Words) -> str:
    lights: Mapping[str, Status | None] = {
        "dkim": _dkim_status(verdict),
        "spf": _spf_status(verdict),
        "dmarc": _dmarc_status(verdict),
        "host": _host_status(verdict),
        "tls": _tls_status(verdict),
    }
    return " · ".join(
        f"{_mark(status, words)} {words.label('mail', part)}" for part, status in lights.items()
    )


def _mark(status: Status | None, words: Words) -> str:
    """Return the mark of a status, None for what does not come into it."""
    return words.label("lights", "wanted") if status is None else words.label("marks", status.value)


def _line(status: Status | None, part: str, said: str, words: Words) -> str:
    return f"{_mark(status, words)} **{words.label('mail', part)}** {said}"


def _dkim_status(verdict: MailVerdict) -> Status:
    right = [one for one in verdict.signatures if one.outcome is AuthResult.PASS]
    if any(one.is_ours for one in right):
        return Status.PASS
    if any(one.alignment in _COUNTED for one in right):
        return Status.WARN
    open_end = any(one.outcome is AuthResult.TEMPERROR for one in verdict.signatures)
    return Status.UNKNOWN if open_end else Status.FAIL


def _spf_status(verdict: MailVerdict) -> Status | None:
    if not verdict.is_foreign:
        return None
    if verdict.spf is AuthResult.TEMPERROR:
        return Status.UNKNOWN
    if verdict.spf is AuthResult.PASS:
        return Status.PASS if verdict.spf_alignment in _COUNTED else Status.WARN
    return Status.WARN if verdict.dmarc is AuthResult.PASS else Status.FAIL


def _dmarc_status(verdict: MailVerdict) -> Status:
    known = {AuthResult.PASS: Status.PASS, AuthResult.NONE: Status.INFO}
    known[AuthResult.TEMPERROR] = Status.UNKNOWN
    return known.get(verdict.dmarc, Status.FAIL)


def _host_status(verdict: MailVerdict) -> Status:
    if verdict.is_from_host:
        return Status.PASS
    unseen = {"mail-no-received", "mail-host-unknown"}
    is_unknown = not verdict.delivered_from or any(c.code in unseen for c in verdict.causes)
    return Status.UNKNOWN if is_unknown and verdict.is_foreign else Status.FAIL


def _tls_status(verdict: MailVerdict) -> Status:
    if verdict.last_hop_tls or "S" in verdict.last_hop.partition("SMTP")[2]:
        return Status.PASS
    return Status.WARN if verdict.last_hop else Status.UNKNOWN


def _from_line(verdict: MailVerdict, words: Words) -> str:
    shown = span(both_ends(verdict.from_address or verdict.from_domain or "–"))
    return f"**{words.label('mail', 'from')}** {shown}"


def _envelope_line(verdict: MailVerdict, words: Words) -> str:
    if verdict.envelope_sender is None:
        said = words.label("mail", "untold")
        return f"**{words.label('mail', 'envelope')}** {said}"
    shown = span(both_ends(verdict.envelope_sender or "<>"))
    if not verdict.envelope_sender and verdict.envelope_domain:
        shown += f" ({span(both_ends(verdict.envelope_domain))})"
    aligned = _alignment(verdict.spf_alignment, words)
    return f"**{words.label('mail', 'envelope')}** {shown}: {aligned}"


def _signer_line(one: Signature, words: Words) -> str:
    shown = span("d=" + both_ends(one.domain))
    return f"**{words.label('mail', 'signer')}** {shown}: {_alignment(one.alignment, words)}"


def _unsigned_line(words: Words) -> str:
    return f"**{words.label('mail', 'signer')}** {words.label('mail', 'nobody')}"


def _alignment(alignment: Alignment, words: Words) -> str:
    return words.label("alignments", alignment.value)


def _signature_line(one: Signature, verdict: MailVerdict, words: Words) -> str:
    status = Status.FAIL
    if one.outcome is AuthResult.TEMPERROR:
        status = Status.UNKNOWN
    elif one.outcome is AuthResult.PASS:
        beside = Status.INFO if verdict.passed else Status.WARN
        status = Status.PASS if one.is_ours else beside
    names = f"{span('s=' + both_ends(one.selector))} {span('d=' + both_ends(one.domain))}"
    came = words.label("mail_faults", one.fault) if one.fault else words.label("mail", "fits")
    return _line(status, "dkim", f"{names}: {came}", words)


def _spf_line(verdict: MailVerdict, words: Words) -> str:
    if not verdict.is_foreign:
        return _line(None, "spf", words.label("mail", "stayed"), words)
    result = words.label("mail_results", verdict.spf.value)
    known = (verdict.delivered_from, verdict.envelope_domain)
    shown = " → ".join(span(both_ends(text)) for text in known if text)
    said = f"{shown}: {result}" if shown else result
    return _line(_spf_status(verdict), "spf", said, words)


def _dmarc_line(verdict: MailVerdict, words: Words) -> str:
    said = words.label("mail_results", verdict.dmarc.value)
    if not verdict.from_domain:
        said = words.label("mail", "no_from")
    if verdict.policy:
        said += f" ({span('p=' + verdict.policy)})"
    return _line(_dmarc_status(verdict), "dmarc", said, words)


def _host_line(verdict: MailVerdict, words: Words) -> str:
    status = _host_status(verdict)
    said = words.label("mail_brought", status.value)
    if verdict.is_from_host and not verdict.is_foreign:
        said = words.label("mail", "submitted")
    shown = f" ({span(verdict.delivered_from)})" if verdict.delivered_from else ""
    return _line(status, "host", f"{said}{shown}", words)


def _tls_line(verdict: MailVerdict, words: Words) -> str:
    status = _tls_status(verdict)
    said = words.label("mail_tls", status.value)
    shown = " ".join(filter(None, (verdict.last_hop_tls, verdict.last_hop)))
    return _line(status, "tls", f"{said} ({span(shown)})" if shown else said, words)


def _receiver_line(verdict: MailVerdict, words: Words) -> str:
    """Return what a foreign receiver wrote of its own checks; nothing where it wrote none.

    It is marked where it came to another DMARC result than we did.
    """
    if not verdict.receiver_says or not verdict.is_foreign:
        return ""
    rows = (
        f"{words.label('mail', method)} {words.label('mail_results', result)}"
        for method, result in verdict.receiver_says
    )
    theirs = dict(verdict.receiver_says).get("dmarc", verdict.dmarc.value)
    differs = (theirs == "pass") is not (verdict.dmarc is AuthResult.PASS)
    mark = words.label("marks", (Status.WARN if differs else Status.INFO).value)
    wrote = words.label("mail", "wrote")
    return f"{mark} {span(both_ends(verdict.receiver))} {wrote} {', '.join(rows)}"
