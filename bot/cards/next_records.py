"""The card of the records that are needed next, by a domain's plan; the others behind a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.fixes import (
    build_panel_link,
    build_provider_select,
    can_be_shown,
    show_compact,
    show_fix,
    show_place,
)
from bot.cards.goal_choice import build_await_button, build_watch_offer
from bot.cards.items import CheckAction
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, clip, say_remark, width
from bot.cards.records_card import records_facts, show_foot
from bot.checks.export.as_json import context_of
from bot.checks.report import find_meant
from bot.checks.zone_place import ZonePlace
from bot.records.providers import choose_provider
from bot.services.plan.plan_words import say_plan
from bot.services.plan.step import StepState

if TYPE_CHECKING:
    import dns.name

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.checks.finding import Fix
    from bot.records.mail_server import MailServer
    from bot.records.providers import Provider
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Plan
    from bot.words import Words

_LONGEST_HEAD = 1000  # characters


def build_next_records_card(
    kept: KeptCheck,
    plan: Plan,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    can_ask: bool = False,
    remark: str | None = None,
    provider: str | None = None,
    can_watch: bool = False,
) -> Card:
    """Return the card of what a domain needs next: records to type, or what else is to be done.

    `plan` is the domain's as its member sees it. `remark` says where the domain was taken from,
    `provider` is the key of the one whose words its member chose. `can_watch`: they may be told if
    the domain breaks, and are not.
    """
    report = kept.shown(shared=False)
    place = ZonePlace.of_report(report)
    spoken = choose_provider(provider, report.name_servers)
    facts = records_facts(report.domain, server, spoken)
    said = say_plan(plan, report.domain.ascii, server, words, can_ask=can_ask)
    head = [f"## {words.sentence('discord/records_title', facts)}", f"**{said.headline}**"]
    if remark:
        head.append(say_remark(remark, words))
    meant = find_meant(report)
    if meant is not None:
        head.append(f"**{words.finding(meant, context_of(report, server))}**")
    fixes = plan.next.fixes if plan.next is not None else ()
    text = clip("\n".join(head), _LONGEST_HEAD)
    todo = "\n".join(filter(None, (f"### {said.title}" if said.title else "", said.todo)))
    where = show_place(place, words) if fixes else ""
    after = f"-# {said.after}" if said.after else ""
    foot = show_foot(facts, words)
    in_details = f"-# {words.sentence('discord/more_in_details', {})}"
    fixed = (text, todo, where, after, foot, in_details)
    room = MOST_CHARACTERS - sum(width(part) for part in fixed)
    pieces = [_versions(fix, report.zone, words, spoken) for fix in fixes]
    chosen = choose(pieces, room)
    is_cut = "" in chosen
    return assemble(
        [
            [text],
            [todo, where, *chosen, in_details if is_cut else ""],
            [after, foot],
        ],
        colour=NEUTRAL,
        selects=build_provider_select(f"next:{kept.id}", place, spoken, words, items)
        if fixes
        else [],
        buttons=[
            *_buttons(kept, plan, items, can_ask=can_ask, details=is_cut),
            *_meant_button(items, None if meant is None else str(meant.facts["meant"])),
            *build_await_button(kept, plan, items),
            *(build_watch_offer(report.domain.ascii, plan, items) if can_watch else []),
            *(build_panel_link(spoken, words) if fixes else []),
        ],
    )


def _versions(fix: Fix, zone: dns.name.Name, words: Words, provider: Provider) -> tuple[str, ...]:
    """Return one record from its fullest version to none at all."""
    if not can_be_shown(fix):
        return ("",)
    short, _ = show_compact(fix, "", zone, words, provider)
    return (show_fix(fix, zone, words, provider), short, "")


def _buttons(
    kept: KeptCheck, plan: Plan, items: ItemFactory, *, can_ask: bool, details: bool
) -> list[Item]:
    """Return the one button for what comes next, then those for all the records."""
    domain, step = kept.report.domain.ascii, plan.next
    if can_ask and step is not None and step.asks is not None and step.state is StepState.NEXT:
        buttons = [items.ask_button(step.asks, kept.id, domain)]
    else:
        buttons = [items.check_button(CheckAction.AGAIN, kept.id, domain)]
    more = [CheckAction.RECORDS, CheckAction.ZONE]
    if details:
        more.append(CheckAction.DETAILS)
    return [*buttons, *(items.check_button(action, kept.id, domain) for action in more)]


def _meant_button(items: ItemFactory, meant: str | None) -> list[Item]:
    button = items.meant_button(meant) if meant is not None else None
    return [] if button is None else [button]
