"""Which domains are mail providers' own, that nobody who asks here can have."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import dns.name
import pytest

from bot.mail_providers import is_provider_domain, load_provider_domains
from bot.names import Domain
from bot.public_suffix import is_public_suffix

ROWS = tomllib.loads(
    (Path(__file__).parents[2] / "bot" / "mail_providers.toml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    "name",
    ["gmail.com.", "Outlook.COM.", "yahoo.co.jp.", "web.de.", "gmx.net.", "proton.me.", "mail.ru."],
)
def test_the_domain_of_a_big_mail_provider_is_known(name: str) -> None:
    assert is_provider_domain(dns.name.from_text(name))


@pytest.mark.parametrize("name", ["mail.gmail.com.", "a.b.icloud.com."])
def test_a_name_below_it_is_no_members_either(name: str) -> None:
    assert is_provider_domain(dns.name.from_text(name))


@pytest.mark.parametrize(
    "name", ["friend.example.", "notgmail.com.", "gmail.com.friend.example.", "com.", "."]
)
def test_any_other_name_may_be_a_members(name: str) -> None:
    assert not is_provider_domain(dns.name.from_text(name))


def test_every_row_holds_domains_that_the_program_could_be_asked_for() -> None:
    domains = [domain for row in ROWS.values() for domain in row]
    assert len(ROWS) >= 80
    assert [d for d in domains if Domain.parse(d).domain.ascii != d] == []
    assert [d for d, times in Counter(domains).items() if times > 1] == []
    assert len(load_provider_domains()) == len(domains)


def test_no_row_closes_a_name_under_which_anybody_registers() -> None:
    assert [str(name) for name in load_provider_domains() if is_public_suffix(name)] == []


def test_the_list_is_not_read_before_it_is_needed() -> None:
    program = (
        "import bot.mail_providers as p\n"
        "assert p.load_provider_domains.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
