"""The words are short and plain, in every branch of every template, whatever its facts are."""

from __future__ import annotations

import re
from functools import cache
from statistics import median

import pytest

from bot.words import Medium, Words
from reading_ease import count, ease, sentences
from template_facts import EN, combinations, templates

WORDS = Words(Medium.DISCORD)
MOST_WORDS = 25  # of a sentence; a name or a value is one word
LEAST_EASE = 50  # of a text of Flesch's, from which on it is not difficult
USUAL_EASE = 75  # of half of all texts
LEAST_JUDGED = 6  # words; a heading has no reading ease

# How many sentences a text of a folder has at most: a message says what is wrong, what follows
# and what to do.
MOST_SENTENCES = {
    "findings": 2,
    "plan": 2,
    "notes": 1,
    "hints": 1,
    "steps": 1,
    "hosting": 2,
    "names": 2,
    "records": 2,
    "mail": 3,
    "requests": 3,
    "errors": 2,
    "console": 2,
    "discord": 2,
    "doctor": 2,
    "reasons": 4,
    "triage": 2,
    "watch": 2,
    "apps": 12,  # six steps of two sentences
    "setup": 2,
    "letters": 3,
    "history": 6,
}
# Pages and lists, of which no sentence can be left out.
PAGES = {
    "discord/help_head": 3,
    "discord/privacy_confirm": 7,
    "discord/privacy_done": 4,
    "discord/privacy_kept": 12,
    "discord/privacy_rules": 11,
    "discord/records_foot": 4,
    "discord/request_limit_lines": 4,
    "discord/rotation_by_hand_steps": 7,
    "setup/profile_steps": 4,
    **dict.fromkeys(templates("apps"), 12),
}
TEMPLATES = [template for folder in MOST_SENTENCES for template in templates(folder)]

# Words of ours that no reader of the field uses, and what sounds like an official letter.
JARGON = re.compile(
    r"\bmend(s|ed|ing)?\b|\bto know\b|\bhas said no\b|\bwants that\b|\bhas it and decides\b"
    r"|\bin full it is\b|\bslip of the hand\b|\bheed|\bis at it\b|\bgoes? by it\b|\bdisregard"
    r"|\bpass(es)? over\b|\bhitherto\b|\bhereby\b|\btherefore\b|\bin order to\b",
    re.IGNORECASE,
)
# Only who runs the bot can set its variables.
VARIABLE = re.compile(r"\b[A-Z]{2,}_[A-Z]+")
FOR_ADMINS = re.compile(
    r"doctor/|findings/server-|errors/(mailcow|backend|probe)-|discord/(channel_lost|requests_off|testmail_unset)"
    r"|watch/server_fault"
)


@cache
def rendered(template: str) -> tuple[str, ...]:
    render = WORDS.render if template in PAGES else WORDS.sentence  # lists have lines
    texts = {render(template, facts).strip() for facts in combinations(template)}
    return tuple(sorted(texts - {""}))


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_text_is_short_and_plain_and_easy_to_read(template: str) -> None:
    most = PAGES.get(template, MOST_SENTENCES[template.partition("/")[0]])
    for text in rendered(template):
        said = sentences(text)
        assert [sentence for sentence in said if count(sentence) > MOST_WORDS] == []
        assert len(said) <= most, text
        assert r"\`" not in text, f"a value lost its code span: {text}"
        assert not JARGON.search(text), text
        assert FOR_ADMINS.match(template) or not VARIABLE.search(text), text
        assert sum(map(count, said)) < LEAST_JUDGED or ease(text) >= LEAST_EASE, text


@pytest.mark.parametrize("folder", MOST_SENTENCES)
def test_most_texts_are_very_easy_to_read(folder: str) -> None:
    # One text of each template, or the templates with the most branches would decide.
    assert median(median(map(ease, rendered(t))) for t in templates(folder)) >= USUAL_EASE


def test_labels_have_no_jargon() -> None:
    assert not JARGON.search((EN / "labels.j2").read_text(encoding="utf-8"))


def test_no_page_is_named_that_is_not_there() -> None:
    assert set(PAGES) <= set(TEMPLATES)
