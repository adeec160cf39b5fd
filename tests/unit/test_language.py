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
}
# Pages and lists, of which no sentence can be left out.
PAGES = {
    "discord/help_head": 3,
    "discord/privacy_confirm": 4,
    "discord/privacy_done": 4,
    "discord/privacy_kept": 7,
    "discord/privacy_rules": 8,
    "discord/records_foot": 4,
    "discord/request_limit_lines": 4,
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
    r"doctor/|findings/server-|errors/(mailcow|backend)-|discord/(channel_lost|requests_off|server_fault)"
)


@cache
def rendered(template: str) -> tuple[str, ...]:
    render = WORDS.render if template in PAGES else WORDS.sentence  # lists have lines
    texts = {render(template, facts).strip() for facts in combinations(template)}
    return tuple(sorted(texts - {""}))


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_sentence_is_long(template: str) -> None:
    long = {s for text in rendered(template) for s in sentences(text) if count(s) > MOST_WORDS}
    assert not long


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_message_is_few_sentences(template: str) -> None:
    most = PAGES.get(template, MOST_SENTENCES[template.partition("/")[0]])
    assert [text for text in rendered(template) if len(sentences(text)) > most] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_value_keeps_its_code_span(template: str) -> None:
    assert [text for text in rendered(template) if r"\`" in text] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_there_is_no_jargon(template: str) -> None:
    assert [text for text in rendered(template) if JARGON.search(text)] == []


@pytest.mark.parametrize("template", [t for t in TEMPLATES if not FOR_ADMINS.match(t)])
def test_members_read_of_no_variables(template: str) -> None:
    assert [text for text in rendered(template) if VARIABLE.search(text)] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_text_is_easy_to_read(template: str) -> None:
    long = [text for text in rendered(template) if sum(map(count, sentences(text))) >= LEAST_JUDGED]
    assert [text for text in long if ease(text) < LEAST_EASE] == []


@pytest.mark.parametrize("folder", MOST_SENTENCES)
def test_most_texts_are_very_easy_to_read(folder: str) -> None:
    # One text of each template, or the templates with the most branches would decide.
    assert median(median(map(ease, rendered(t))) for t in templates(folder)) >= USUAL_EASE


def test_labels_have_no_jargon() -> None:
    assert not JARGON.search((EN / "labels.j2").read_text(encoding="utf-8"))


def test_no_page_is_named_that_is_not_there() -> None:
    assert set(PAGES) <= set(TEMPLATES)
