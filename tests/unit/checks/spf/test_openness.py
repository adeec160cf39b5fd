"""What lets nearly everybody pass beside our server, and what only looks like it."""

from __future__ import annotations

import pytest

from bot.checks.spf.networks import Reading, read_networks
from bot.checks.spf.openness import OpeningKind, find_neutral, find_opening, narrowed
from bot.dns.spf_evaluate import STRANGER, SpfEvaluation, SpfStep

DOMAIN = "friend.example"
# The mail servers of the two largest providers, as they were published in 2026.
PROVIDERS = {
    "spf.protection.outlook.com": (
        "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:52.102.0.0/16 "
        "ip4:52.103.0.0/17 ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/49 "
        "ip6:2a01:111:f403:8000::/51 ip6:2a01:111:f403:c000::/51 ip6:2a01:111:f403:f000::/52 -all"
    ),
    "_netblocks.google.com": (
        "v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ip4:66.102.0.0/20 ip4:66.249.80.0/20 "
        "ip4:72.14.192.0/18 ip4:74.125.0.0/16 ip4:108.177.8.0/21 ip4:173.194.0.0/16 "
        "ip4:209.85.128.0/17 ip4:216.58.192.0/19 ip4:216.239.32.0/19 ~all"
    ),
}


def read(text: str, **policies: str) -> Reading:
    return read_networks(DOMAIN, f"v=spf1 {text}", policies, lambda *_: None)


def opening(text: str, *strangers: SpfEvaluation, **policies: str) -> object:
    found = find_opening(read(text, **policies), strangers)
    return found and (found.kind, found.terms)


def stranger(*path: tuple[str, str], result: str = "pass") -> SpfEvaluation:
    steps = tuple(SpfStep(domain, term) for domain, term in path)
    return SpfEvaluation(STRANGER, DOMAIN, result, path=steps)


def test_large_providers_are_no_opening() -> None:
    names = " ".join(f"include:{name}" for name in PROVIDERS)
    assert opening(f"{names} ip4:10.0.0.0/8 -all", **PROVIDERS) is None


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ip4:0.0.0.0/3 -all", ("ip4:0.0.0.0/3",)),
        ("ip4:99.9.9.9 ip4:0.0.0.0/4 ip4:32.0.0.0/4 -all", ("ip4:0.0.0.0/4",)),
        ("ip4:0.0.0.0/3 ip4:64.0.0.0/3 -all", ("ip4:0.0.0.0/3", "ip4:64.0.0.0/3")),
        ("ip6:2600::/15 -all", ("ip6:2600::/15",)),
        ("ip6:2600::/17 ip6:2600:8000::/17 ip6:2a00::/16 -all", ("ip6:2a00::/16",)),
    ],
)
def test_the_fewest_terms_are_named_without_which_the_rest_is_small(
    text: str, terms: tuple[str, ...]
) -> None:
    assert opening(text) == (OpeningKind.NETWORKS, terms)


@pytest.mark.parametrize(
    ("text", "version", "percent"),
    [
        ("ip4:0.0.0.0/3", 4, 12),
        ("ip4:0.0.0.0/1 ip4:128.0.0.0/2", 4, 75),
        ("ip4:0.0.0.0/1 ip4:128.0.0.0/1", 4, 100),
        ("ip6:2600::/15", 6, 1),
        ("ip6:2000::/3", 6, 12),
    ],
)
def test_it_is_told_how_much_of_all_addresses_passes(text: str, version: int, percent: int) -> None:
    found = find_opening(read(f"{text} -all"), [])
    assert found is not None
    assert (found.version, found.percent) == (version, percent)


@pytest.mark.parametrize(
    "text",
    [
        "ip4:0.0.0.0/4 ip4:16.0.0.0/5 -all",
        "?ip4:0.0.0.0/0 -all",
        "-ip4:0.0.0.0/1 ~ip4:128.0.0.0/1 ip4:0.0.0.0/2 -all",
        "ip6:2600::/16 -all",
        "-all ip4:0.0.0.0/0",
        "exists:%{i}.%{l}.x.example -exists:%{l}.x.example ?a:%{h} exp=%{s}.x.example -all",
        "exists:%{d}.x.example a:%{o} ptr:%{d2} ptr:friend.example -all",
    ],
)
def test_what_is_small_refused_or_the_members_own_is_no_opening(text: str) -> None:
    assert opening(text) is None


@pytest.mark.parametrize(
    "term",
    ["a:%{h}", "mx:%{P}", "exists:%{l1r-}.x.example", "include:%{s}.x", "redirect=%{h}", "ptr:com"],
)
def test_what_the_sender_chooses_is_an_opening(term: str) -> None:
    assert opening(f"ip4:192.0.2.1 {term}") == (OpeningKind.CHOSEN, (term,))
    inner = {"in.example": f"v=spf1 {term}"}
    assert opening("include:in.example -all", **inner) == (
        OpeningKind.CHOSEN,
        ("include:in.example",),
    )
    assert opening("-include:in.example -all", **inner) is None


def test_a_stranger_that_passes_by_no_network_shows_an_opening() -> None:
    passing = stranger((DOMAIN, "exists:%{i}.x.example"))
    assert opening("exists:%{i}.x.example -all", passing) == (
        OpeningKind.STRANGER,
        ("exists:%{i}.x.example",),
    )
    by_network = stranger((DOMAIN, "ip4:240.0.0.0/8"))
    assert opening("ip4:240.0.0.0/8 -all", by_network) is None


def test_what_is_another_for_each_stranger_is_not_told_of() -> None:
    path = ((DOMAIN, "include:%{i}.x.example"), ("192.0.2.7.x.example", "+all"))
    found = find_opening(read(path[0][1]), [stranger(*path)])
    assert found is not None
    assert found.path == (SpfStep(*path[0]),)


def test_who_is_neutral_is_told_by_networks_and_by_strangers() -> None:
    def neutral(text: str, *strangers: SpfEvaluation) -> str:
        return find_neutral(read(text), strangers)

    assert neutral("?ip4:0.0.0.0/2 -all") == "?ip4:0.0.0.0/2"
    assert neutral("?ip4:10.0.0.0/8 -all") == ""
    lost = stranger((DOMAIN, "?exists:x.example"), result="neutral")
    assert neutral("?exists:x.example -all", lost) == "?exists:x.example"
    assert neutral("?all", stranger((DOMAIN, "?all"), result="neutral")) == ""


def test_hosts_stay_without_the_networks_around_them() -> None:
    text = "v=spf1 a/2 -mx//8 mx//8 a:x.example/1//3 ip4:0.0.0.0/2 a:%{h}/8 -all"
    terms = ["a/2", "mx//8", "a:x.example/1//3", "ip4:0.0.0.0/2", "a:%{h}/8"]
    assert narrowed(text, terms) == "v=spf1 a -mx//8 mx a:x.example ip4:0.0.0.0/2 a:%{h}/8 -all"
