"""The card of the steps that set up one mail app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import clip
from bot.cards.settings_parts import build_app_select, is_worth_saying, number, say_state

if TYPE_CHECKING:
    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.records.live_settings import LiveSettings
    from bot.records.mail_apps import MailApp
    from bot.words import Words

_LONGEST_HEAD = 400  # characters
_LONGEST_REMARK = 300


def build_app_card(
    app: MailApp,
    live: LiveSettings,
    words: Words,
    items: ItemFactory,
    *,
    who: str = "",
    told: bool = False,
) -> Card:
    """Return the numbered steps of an app, what to beware of, and the way back to all settings.

    `who` and `told` as in `build_settings_card`.
    """
    settings = live.settings
    facts = {**settings.facts, **app.about}
    head = [
        f"## {words.sentence('discord/app_title', facts)}",
        f"-# {words.sentence('setup/written', facts)}",
    ]
    above = [say_state(live, words, told=told)] if is_worth_saying(live) else []
    if "cloud" in app.notes:
        above.append(f"{words.label('marks', 'warn')} {words.sentence('setup/cloud', facts)}")
    if "profile" in app.notes:
        above.append(words.sentence("setup/profile", facts))
    remarks = [
        f"-# • {clip(words.sentence(template, facts), _LONGEST_REMARK)}"
        for template in app.remarks(settings)
    ]
    buttons = [items.settings_button(who)]
    if "profile" in app.notes:
        buttons.insert(0, items.profile_button(who))
    return assemble(
        [
            [clip("\n".join(head), _LONGEST_HEAD), *(clip(t, _LONGEST_REMARK) for t in above)],
            [number(words.lines(app.template, app.facts(settings)))],
            ["\n".join(remarks)],
        ],
        colour=NEUTRAL,
        selects=[build_app_select(who, words, items, other_than=app.key)],
        buttons=buttons,
    )
