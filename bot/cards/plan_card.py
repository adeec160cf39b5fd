"""The card of a plan: what follows from the next step, how all stands at a glance, what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cards.fixes import build_panel_link, can_be_shown, show_compact
from bot.cards.goal_choice import build_await_button, build_watch_offer
from bot.cards.items import CheckAction
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import (
    MOST_CHARACTERS,
    choose,
    clip,
    count_lines,
    moment,
    say_remark,
    span,
    width,
)
from bot.checks.export.as_json import context_of
from bot.checks.finding import Status
from bot.checks.report import find_meant
from bot.records.providers import choose_provider
from bot.services.plan.plan_words import messages, part_of, say_plan
from bot.services.plan.step import Part, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.checks.finding import Fix
    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Light, Plan, Step
    from bot.words import Words

_MOST_RECORDS: Final = 4  # of one step; more are no list that somebody works through on a phone
_MOST_TYPED_BEFORE_MORE: Final = 3  # records of a step, with which it is said what comes after
_MOST_MESSAGES: Final = 2
_MOST_HINTS: Final = 2
# A card is at most 700 pixels tall: so many lines are left for messages and records.
_MOST_LINES: Final = 19
_LONGEST_MESSAGE: Final = 500  # characters
_LONGEST_REMARK: Final = 300


def build_plan_card(
    kept: KeptCheck,
    plan: Plan,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    shared: bool = False,
    can_ask: bool = False,
    remark: str | None = None,
    provider: str | None = None,
    since: str = "",
    can_watch: bool = False,
) -> Card:
    """Return the card of a check as people see it first; all the rest is behind a button.

    `plan` is made for those who see the card. `remark` says where the domain was taken from,
    `provider` is the key of the one whose words its member chose; a shared card speaks those of
    the name servers' own. `can_watch`: the member may be told if the domain breaks, and is not.
    `since` is one line of the time before the check.
    """
    report = kept.shown(shared=shared)
    domain = report.domain.ascii
    said = say_plan(plan, domain, server, words, can_ask=can_ask and not shared)
    spoken = choose_provider(None if shared else provider, report.name_servers)
    head = [_title(report, plan, words), f"**{said.headline}**", _lights(plan, words)]
    if since:
        head.append(f"-# {since}")
    if remark:
        head.append(clip(say_remark(remark, words), _LONGEST_REMARK))
    context = context_of(report, server)
    if (meant := find_meant(report)) is not None:
        head.append(f"**{clip(words.finding(meant, context), _LONGEST_REMARK)}**")
    todo = "\n".join(filter(None, (f"### {said.title}" if said.title else "", said.todo)))
    checked = f"{words.sentence('discord/checked', {})} {moment(report.checked_at)}"
    typed = len(plan.next.fixes) if plan.next is not None else 0
    last = said.optional if plan.next is None else said.after
    foot = [last if typed <= _MOST_TYPED_BEFORE_MORE else ""]
    if plan.next is not None and _can_break_mail(plan.next):
        foot.insert(0, words.sentence("discord/check_foot", {"contact": server.admin_contact}))
    foot.append(checked)
    pieces, notes = _pieces(plan, report, context, words, spoken, taken=count_lines(since))
    small = f"-# {' '.join(filter(None, (*notes, *foot)))}"
    fixed = ("\n".join(head), todo, small)
    room = MOST_CHARACTERS - sum(width(text) for text in fixed) - len(pieces) - len(fixed)
    body = "\n".join(filter(None, (todo, *choose([(piece, "") for piece in pieces], room))))
    return assemble(
        [[fixed[0], body, small]],
        colour=STATUS_COLOURS[_status(report, plan)],
        buttons=[
            *_buttons(
                kept,
                plan,
                items,
                can_ask=can_ask and not shared,
                meant=None if meant is None else str(meant.facts["meant"]),
                can_watch=can_watch and not shared,
            ),
            *(build_panel_link(spoken, words) if plan.next and plan.next.fixes else ()),
        ],
    )


def _can_break_mail(step: Step) -> bool:
    """Whether a slip in what is typed can; mail does not depend on a key that is to sign later."""
    return any(part_of(step, fix) is not Part.DKIM_NEXT for fix in step.fixes)


def _title(report: Report, plan: Plan, words: Words) -> str:
    name = report.domain.ascii
    status = _status(report, plan).value
    title = f"## {words.label('marks', status)} {span(name)}"
    if report.domain.unicode != name:
        title += f" ({span(report.domain.unicode)})"
    return title


def _status(report: Report, plan: Plan) -> Status:
    """Return what the card's mark says: green is for what needs nothing, or only an option."""
    if plan.is_green and report.status.rank <= Status.INFO.rank:
        return Status.PASS
    step = plan.next
    if step is not None and step.asks is not None and report.status.rank <= Status.INFO.rank:
        return Status.WARN
    return report.status


def _lights(plan: Plan, words: Words) -> str:
    return " · ".join(show_light(light, words) for light in plan.lights)


def show_light(light: Light, words: Words) -> str:
    """Return how one thing stands, by a mark and its name."""
    mark = words.label("lights", "wanted") if light.wanted else ""
    return f"{mark or words.label('marks', light.status.value)} {words.label('lights', light.part)}"


def _pieces(
    plan: Plan,
    report: Report,
    context: Mapping[str, Fact],
    words: Words,
    provider: Provider,
    *,
    taken: int,
) -> tuple[list[str], list[str]]:
    """Return what is said and typed in a step, and the small sentences that go with it.

    `taken` is how many of the lines for that are taken already.
    """
    told, step = messages(plan), plan.next
    fixes = () if step is None else step.fixes
    is_one = len(fixes) <= 1
    most = _MOST_MESSAGES if is_one else 1
    said = [clip(words.finding(f, context), _LONGEST_MESSAGE) for f in told[:most]]
    records: list[str] = []
    hints: list[str] = []
    lines = taken + sum(count_lines(text) for text in said)
    for fix in fixes[:_MOST_RECORDS]:
        if step is None or not can_be_shown(fix):
            break
        text, more = show_compact(fix, _why(step, fix, words), report.zone, words, provider)
        lines += count_lines(text)
        if records and lines > _MOST_LINES:
            break
        records.append(text)
        hints += more
    # Of several records the first hint alone: a further one may hold for a single one of them.
    small = list(dict.fromkeys(hints))[: _MOST_HINTS if is_one else 1]
    if records:
        small.insert(0, _say_where(report, provider, words))
    if len(records) < len(fixes) or (is_one and len(told) > len(said)):
        small.append(words.sentence("discord/more_in_details", {}))
    return [*dict.fromkeys(said), *records], small


def _say_where(report: Report, provider: Provider, words: Words) -> str:
    """Return where the records are changed; empty where nobody knows."""
    server = next(iter(report.name_servers), "").rstrip(".")
    facts: dict[str, Fact] = {"provider": provider.name, "server": server}
    return words.sentence("plan/where", facts) if provider.is_known or server else ""


def _why(step: Step, fix: Fix, words: Words) -> str:
    facts: dict[str, Fact] = {"part": part_of(step, fix).value, "action": fix.action.value}
    return words.sentence("plan/why", facts)


def _buttons(
    kept: KeptCheck,
    plan: Plan,
    items: ItemFactory,
    *,
    can_ask: bool,
    meant: str | None,
    can_watch: bool,
) -> list[Item]:
    """Return the one button for what comes next, those to be told later, and the one for all."""
    domain, step = kept.report.domain.ascii, plan.next
    buttons = [items.check_button(CheckAction.AGAIN, kept.id, domain)]
    if can_ask and step is not None and step.asks is not None and step.state is StepState.NEXT:
        buttons = [items.ask_button(step.asks, kept.id, domain)]
    if meant is not None and (button := items.meant_button(meant)) is not None:
        buttons.append(button)
    buttons.append(items.check_button(CheckAction.DETAILS, kept.id, domain))
    buttons += build_await_button(kept, plan, items)
    if can_watch:
        buttons += build_watch_offer(domain, plan, items)
    return buttons
