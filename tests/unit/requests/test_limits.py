"""Limits of a new mail domain: typed by an admin, and kept with the request."""

from __future__ import annotations

import pytest

from bot.errors import RequestError
from bot.requests.backend import DomainLimits
from bot.requests.limits import dump_limits, load_limits, parse_limits
from bot.words import Words

NOTHING = {"mailboxes": "", "aliases": " ", "domain_quota": "", "usual_quota": ""}


def test_what_is_left_empty_is_as_the_mail_server_has_it() -> None:
    assert parse_limits(NOTHING) == DomainLimits()
    assert dump_limits(DomainLimits()) == ""


def test_sizes_are_typed_in_gib_and_kept_in_mib() -> None:
    typed = {"mailboxes": " 5 ", "aliases": "0", "domain_quota": "20", "usual_quota": "0,5"}
    limits = parse_limits(typed)
    assert limits == DomainLimits(mailboxes=5, aliases=0, domain_quota=20480, usual_quota=512)
    assert load_limits(dump_limits(limits)) == limits


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("mailboxes", "many"),
        ("mailboxes", "1.5"),
        ("mailboxes", "-1"),
        ("aliases", "9" * 10),
        ("aliases", "\u0665"),
        ("domain_quota", "0"),
        ("domain_quota", "0.0001"),
        ("usual_quota", "1e3"),
        ("mailbox_quota", "10 GiB"),
    ],
)
def test_what_is_no_limit_is_refused_by_the_name_of_its_field(field: str, text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_limits({field: text})
    assert caught.value.facts["field"] == field
    assert Words().error(caught.value).startswith(f'"{text}" is no limit for ')


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"mailboxes":"x","odd":1}'])
def test_what_cannot_be_read_is_left_to_the_mail_server(text: str) -> None:
    assert load_limits(text) == DomainLimits()
