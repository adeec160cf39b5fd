"""What a member can be told of when it is right, in words and as buttons and choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.cards.items import WatchAction
from bot.services.plan.plan_goals import next_goal, open_goals
from bot.watch.awaited_goal import ALL_RIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import Item, ItemFactory
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Plan
    from bot.words import Words


def say_goal(parts: Sequence[str], words: Words) -> str:
    """Return what is waited for: these parts of a plan, or all of it where there are none."""
    return ", ".join(words.label("goals", part) for part in parts or (ALL_RIGHT,))


def build_await_button(kept: KeptCheck, plan: Plan, items: ItemFactory) -> list[Item]:
    """Return the button that waits for the next step, or for all where none is next."""
    goal = next_goal(plan)
    return [] if goal is None else [items.await_button(goal, kept.id, kept.report.domain.ascii)]


def build_watch_offer(domain: str, plan: Plan, items: ItemFactory) -> list[Item]:
    """Return the offer to say if a domain (in ASCII) breaks, where all of it is right now."""
    button = items.watch_button(WatchAction.ADD, domain) if plan.is_green else None
    return [] if button is None else [button]


def build_await_select(kept: KeptCheck, plan: Plan, words: Words, items: ItemFactory) -> list[Item]:
    """Return the choice between all of a domain and each part of its plan that is not right."""
    parts = [part.value for part in open_goals(plan)]
    if not parts and plan.is_green:
        return []
    options = [
        discord.SelectOption(value=goal, label=_begin_large(words.label("goals", goal)))
        for goal in (ALL_RIGHT, *parts)
    ]
    return [items.await_select(kept.id, kept.report.domain.ascii, options)]


def _begin_large(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
