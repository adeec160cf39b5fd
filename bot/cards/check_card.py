"""The card of a check: what to do first, then what was expected beside what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.fixes import (
    build_panel_link,
    build_provider_select,
    can_be_shown,
    show_fix,
    show_place,
)
from bot.cards.goal_choice import build_await_select
from bot.cards.items import CheckAction
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import (
    MOST_CHARACTERS,
    both_ends,
    choose,
    clip,
    moment,
    span,
    width,
)
from bot.cards.report_file import report_file
from bot.checks.export.as_json import context_of
from bot.checks.finding import EXTRAS, ServerCheck, Status
from bot.checks.report import (
    DID_YOU_MEAN,
    find_meant,
    gaps,
    is_all_right,
    is_extra_gap,
    summary_of,
)
from bot.checks.zone_place import ZonePlace
from bot.records.providers import choose_provider
from bot.services.plan.plan_words import arrange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.checks.finding import Finding
    from bot.checks.report import CheckResult, Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Plan
    from bot.words import Words

MOST_STEPS = 5
_MOST_FIXES = 4  # of one step; more are no list that somebody works through on a phone
_MOST_REMARKS = 6
_MOST_FOUND = 3  # records of one check beside each other
_LONGEST_MESSAGE = 700  # characters of one step's sentences
_SHORTEST_MESSAGE = 300
_LONGEST_REMARK = 300
_SHOWN_BELOW = frozenset({ServerCheck.PORTS, ServerCheck.CERTIFICATE})  # port by port


def build_check_card(
    kept: KeptCheck,
    plan: Plan,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    provider: str | None = None,
    past: str = "",
) -> Card:
    """Return the card of all that a check knows, in a file too where the card has too little room.

    What the plan has for later stands after what is to be done now. `provider` is the key of the
    one whose words its member chose, `past` is what is told of the time before.
    """
    domain = kept.report.domain.ascii
    actions = [action for action in CheckAction if action is not CheckAction.DETAILS]
    buttons = [items.check_button(action, kept.id, domain) for action in actions]
    report, due = arrange(kept.shown(shared=False), plan)
    meant = find_meant(report)
    if meant is not None and (button := items.meant_button(str(meant.facts["meant"]))) is not None:
        buttons.append(button)
    return build_report_card(
        report,
        server,
        words,
        items,
        buttons=buttons,
        due=due,
        provider=provider,
        select=str(kept.id),
        more=past,
        selects=build_await_select(kept, plan, words, items),
    )


def build_report_card(
    report: Report,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    buttons: Sequence[Item],
    due: int | None = None,
    provider: str | None = None,
    select: str | None = None,
    selects: Sequence[Item] = (),
    more: str = "",
) -> Card:
    """Return the card of a report, a domain's or the mail server's own, with these buttons.

    `due` is how many of its steps are to be done now, all of them by default. `select` is what the
    choice of other words carries; None where there is none. Other choices are `selects`. `more`
    stands below all checks, whole.
    """
    place = ZonePlace.of_report(report)
    spoken = choose_provider(provider, report.name_servers)
    context = context_of(report, server)
    head = _head(report, context, words)
    to_type = report.has_fixes
    where = show_place(place, words) if to_type else ""
    overview = _overview(report, words)
    in_file = f"-# {words.sentence('discord/more_in_file', {})}"

    steps = report.steps
    pieces = [
        _step(number, finding, report, context, words, provider=spoken)
        for number, finding in enumerate(steps[:MOST_STEPS], start=1)
    ]
    places = [len(pieces)]
    pieces += [(_compare(result, words), "") for result in report.results if _is_compared(result)]
    places.append(len(pieces))
    remarks = _remarks(report, context, words)
    pieces += [(remark, "") for remark in remarks[:_MOST_REMARKS]]
    fixed = (head, where, overview, more, in_file, *(f"### {words.label(*h)}" for h in _HEADINGS))
    line_ends = places[1] - places[0]  # between the comparisons, which become one text
    chosen = choose(pieces, MOST_CHARACTERS - sum(width(text) for text in fixed) - line_ends)

    is_cut = (
        len(steps) > MOST_STEPS
        or len(remarks) > _MOST_REMARKS
        or any(text != piece[0] for text, piece in zip(chosen, pieces, strict=True))
        or any(_shown_fixes(f) < len(f.fixes) for f in steps[:MOST_STEPS])
    )
    todo, compared, said = (
        chosen[: places[0]],
        chosen[places[0] : places[1]],
        chosen[places[1] :],
    )
    return assemble(
        [
            [head, where],
            *_titled(words.label("headings", "steps"), todo[:due]),
            *_titled(words.label("headings", "later"), todo[due:] if due is not None else ()),
            *_titled(words.label("cards", "compare"), ["\n".join(filter(None, compared))]),
            [overview],
            [more],
            said,
            [in_file if is_cut else ""],
        ],
        colour=STATUS_COLOURS[report.status],
        selects=[
            *selects,
            *(
                build_provider_select(select, place, spoken, words, items)
                if to_type and select is not None
                else []
            ),
        ],
        buttons=[*buttons, *(build_panel_link(spoken, words) if to_type else [])],
        files=(report_file(report, server, words, spoken),) if is_cut else (),
    )


_HEADINGS = (("headings", "steps"), ("headings", "later"), ("cards", "compare"))


def _titled(title: str, texts: Sequence[str]) -> list[list[str]]:
    """Return sections, the first with a title above; none where there is nothing to say."""
    kept = [text for text in texts if text]
    return [[f"### {title}", text] if at == 0 else [text] for at, text in enumerate(kept)]


def _head(report: Report, context: Mapping[str, Fact], words: Words) -> str:
    is_right = is_all_right(report)
    status = Status.PASS.value if is_right else report.status.value
    summary = words.label("summaries", summary_of(report))
    name = report.domain.ascii
    title = f"## {words.label('marks', status)} {span(name)}"
    if report.domain.unicode != name:
        title += f" ({span(report.domain.unicode)})"
    counted = words.sentence("discord/check_time", {"queries": report.queries})
    lines = [
        title,
        f"**{words.label('statuses', status)}**: {summary}",
        f"-# {moment(report.checked_at)} · {counted}",
    ]
    if (meant := find_meant(report)) is not None:
        lines.append(f"**{clip(words.finding(meant, context), _LONGEST_REMARK)}**")
    return "\n".join(lines)


def _step(
    number: int,
    finding: Finding,
    report: Report,
    context: Mapping[str, Fact],
    words: Words,
    *,
    provider: Provider,
) -> tuple[str, ...]:
    """Return one step from its fullest version to the shortest; only the first one always stays."""
    subject = words.label("checks", finding.check.value)
    title = f"**{number}. {subject}** · {_badge(finding.severity, words)}"
    message = words.finding(finding, context)
    in_file = f"-# {words.sentence('discord/step_in_file', {})}"
    fixes = [
        show_fix(fix, report.zone, words, provider)
        for fix in finding.fixes[: _shown_fixes(finding)]
    ]
    versions = []
    for count in range(len(fixes), -1, -1):
        rest = [in_file] if count < len(finding.fixes) else []
        body = [title, clip(message, _LONGEST_MESSAGE), *fixes[:count], *rest]
        versions.append("\n".join(body))
    rest = [in_file] if finding.fixes else []
    versions.append("\n".join([title, clip(message, _SHORTEST_MESSAGE), *rest]))
    return tuple(versions) if number == 1 else (*versions, "")


def _shown_fixes(finding: Finding) -> int:
    """Return how many fixes a card shows: in order, up to the first that it cannot show."""
    for at, fix in enumerate(finding.fixes[:_MOST_FIXES]):
        if not can_be_shown(fix):
            return at
    return min(len(finding.fixes), _MOST_FIXES)


def _badge(status: Status, words: Words) -> str:
    return f"{words.label('marks', status.value)} {words.label('statuses', status.value)}"


def _is_compared(result: CheckResult) -> bool:
    is_fine = result.status in {Status.PASS, Status.INFO}
    left_out = result.check in EXTRAS or result.check in _SHOWN_BELOW
    return not is_fine and not left_out and bool(result.expected or result.found)


def _compare(result: CheckResult, words: Words) -> str:
    nothing = words.label("headings", "nothing")
    return "\n".join(
        (
            f"**{words.label('checks', result.check.value)}**",
            f"-# {words.label('headings', 'expected')}: {_records(result.expected, '–', words)}",
            f"-# {words.label('headings', 'found')}: {_records(result.found, nothing, words)}",
        )
    )


def _records(records: tuple[str, ...], empty: str, words: Words) -> str:
    if not records:
        return empty
    shown = [span(both_ends(record)) for record in records[:_MOST_FOUND]]
    if len(records) > _MOST_FOUND:
        more = {"count": len(records) - _MOST_FOUND}
        shown.append(words.sentence("discord/more_records", more))
    return ", ".join(shown)


def _overview(report: Report, words: Words) -> str:
    """Return all checks by their status, the worst first."""
    parts = []
    for status in reversed(Status):
        names = [
            words.label("checks", result.check.value)
            for result in report.shown_results
            if result.status is status and result.check not in EXTRAS
        ]
        if names:
            parts.append(f"{_badge(status, words)}: {', '.join(names)}")
    return "\n".join(filter(None, (*parts, extras_line(report, words))))


def extras_line(report: Report, words: Words) -> str:
    """Return one small line of the optional records, the worst first, then those not there."""
    missing = gaps(report.findings)
    parts = []
    for status in reversed(Status):
        names = [
            words.label("checks", result.check.value)
            for result in report.shown_results
            if result.check in EXTRAS and result.status is status and result.check not in missing
        ]
        if names:
            parts.append(f"{words.label('marks', status.value)} {', '.join(names)}")
    if missing:
        names = [words.label("checks", check.value) for check in missing]
        parts.append(f"{words.label('headings', 'gaps')}: {', '.join(names)}")
    return f"-# {words.label('headings', 'extras')}: {' · '.join(parts)}" if parts else ""


def _remarks(report: Report, context: Mapping[str, Fact], words: Words) -> list[str]:
    """Return what is only worth knowing, each on a small line and said once."""
    checks: dict[str, list[str]] = {}
    for result in report.results:
        if result.note:
            label = words.label("checks", result.check.value)
            checks.setdefault(words.note(result.note, context), []).append(label)
    remarks = [f"{', '.join(names)}: {text}" for text, names in checks.items()]
    infos = [f for f in report.remarks if not is_extra_gap(f) and f.code != DID_YOU_MEAN]
    remarks += [words.finding(f, context) for f in infos]
    mark = words.label("marks", Status.INFO.value)
    return [f"-# {mark} {clip(text, _LONGEST_REMARK)}" for text in dict.fromkeys(remarks)]
