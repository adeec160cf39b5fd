from __future__ import annotations

import dns.name
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dmarc.record import (
    discover,
    is_meant_as_dmarc,
    mean_the_same,
    parse_record,
    walk_names,
)
from bot.checks.dmarc.report_uri import ReportAddress
from bot.checks.dmarc.slips import find_malformation
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dmarc_policy import DmarcPolicy

STRICT = "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"


def txt(name: str, *texts: str) -> Answer:
    rdatas = tuple(TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [text.encode()]) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NXDOMAIN
    return Answer(Question.of(name, "TXT"), outcome, rdatas)


def failed(name: str) -> Answer:
    return Answer(Question.of(name, "TXT"), Outcome.SERVFAIL)


def observe(domain: str, *answers: Answer) -> Observation:
    """Every name of the walk that no answer is given for does not exist."""
    name = Domain(dns.name.from_text(domain))
    denied = [txt(each.to_text()) for each in walk_names(name)]
    return Observation.of(name, [*denied, *answers])


def walked(domain: str) -> list[str]:
    names = walk_names(Domain(dns.name.from_text(domain)))
    return [name.to_text(omit_final_dot=True) for name in names]


def test_the_walk_goes_up_to_the_top_level() -> None:
    assert walked("a.friend.example") == [
        "_dmarc.a.friend.example",
        "_dmarc.friend.example",
        "_dmarc.example",
    ]


def test_the_walk_of_a_long_name_jumps_to_seven_labels() -> None:
    names = walked("a.b.c.d.e.f.g.h.i.j.mail.friend.example")
    assert len(names) == 8
    assert names[1] == "_dmarc.g.h.i.j.mail.friend.example"
    assert len(walked("b.c.d.e.f.g.h.example")) == 8


def test_the_walk_leaves_out_a_name_too_long_to_exist() -> None:
    long = ".".join(["a" * 61] * 4)
    assert len(walked(long)) == 3


@pytest.mark.parametrize("text", ["v=DMARC1", "V = DMARC1 ;p=none", "v=DMARC1;"])
def test_the_version_makes_a_record(text: str) -> None:
    assert parse_record(text) is not None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("v=dmarc1; p=reject", "version"),
        ("v=DMARC1 p=reject", "glued"),
        ("v=DMARC1, p=reject", "glued"),
        (" v=DMARC1; p=reject", "blank"),
        ("p=reject; v=DMARC1", "order"),
        ('"v=DMARC1; p=reject"', "quotes"),
        ("v=DMARC1\\; p=reject", "backslash"),
        ("DMARC1; p=reject", "version"),
        ("p=reject; rua=mailto:a@cow.example", "unversioned"),
        ("v=DMARC2; p=none", "version"),
    ],
)
def test_what_was_meant_as_record_is_told(text: str, what: str) -> None:
    assert parse_record(text) is None
    assert is_meant_as_dmarc(text)
    assert find_malformation(text) == what


@pytest.mark.parametrize("text", ["v=spf1 -all", "v=DKIM1; p=abc", "dmarcian-token-4f", "", "x"])
def test_other_text_is_no_record_and_not_meant_as_one(text: str) -> None:
    assert parse_record(text) is None
    assert not is_meant_as_dmarc(text)


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1;p=reject;rua=mailto:dmarc@cow.example",
        "V=DMARC1; RUA=mailto:dmarc@Cow.Example ; P=Reject; sp=reject",
        f"{STRICT}; rf=afrf; pct=100; ri=86400",
        f"{STRICT}; adkim=r; fo=0; t=n; psd=u;",
        f"{STRICT}; np=reject",
    ],
)
def test_order_case_blanks_defaults_and_removed_tags_mean_nothing(text: str) -> None:
    one, other = parse_record(text), parse_record(STRICT)
    assert one is not None
    assert other is not None
    assert mean_the_same(one, other)


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@cow.example",
        f"{STRICT}; np=none",
        f"{STRICT}; adkim=s",
        f"{STRICT}; t=y",
        "v=DMARC1; p=reject",
        "v=DMARC1; p=reject; rua=mailto:dmarc@cow.example; ruf=mailto:dmarc@cow.example",
        "v=DMARC1; p=rejected; rua=mailto:dmarc@cow.example",
    ],
)
def test_what_receivers_act_on_is_a_difference(text: str) -> None:
    one, other = parse_record(text), parse_record(STRICT)
    assert one is not None
    assert other is not None
    assert not mean_the_same(one, other)


def test_np_is_what_sp_says_where_it_is_not_given() -> None:
    base = parse_record("v=DMARC1; p=reject; sp=quarantine")
    assert base is not None
    for np, same in (("quarantine", True), ("reject", False), ("none", False)):
        other = parse_record(f"v=DMARC1; p=reject; sp=quarantine; np={np}")
        assert other is not None
        assert mean_the_same(base, other) is same


@pytest.mark.parametrize(
    ("text", "own", "inherited", "nonexistent"),
    [
        ("p=reject", "reject", "reject", "reject"),
        ("p=reject; sp=none", "reject", "none", "none"),
        ("p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"),
        ("p=reject; sp=quarantine; np=none", "reject", "quarantine", "none"),
        ("p=reject; np=none", "reject", "reject", "none"),
        ("p=none; sp=reject", "none", "reject", "reject"),
        ("p=rejected; rua=mailto:a@cow.example", "none", "none", "none"),
        ("p=reject; sp=nope", None, None, None),
        ("p=rejected", None, None, None),
        ("rua=mailto:a@cow.example", "none", "none", "none"),
        ("adkim=s", None, None, None),
    ],
)
def test_the_policy_asked_for(
    text: str, own: str | None, inherited: str | None, nonexistent: str | None
) -> None:
    record = parse_record(f"v=DMARC1; {text}")
    assert record is not None
    assert record.requested() == own
    assert record.requested(inherited=True) == inherited
    assert record.requested(inherited=True, exists=False) == nonexistent


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mailto:a@cow.example", ""),
        (" MAILTO:a+b@cow.example!10m ", ""),
        ("a@cow.example", "mailto"),
        ("mailto:a@cow.examplemailto:b@cow.example", "glued"),
        ("mailto:a@cow.example mailto:b@cow.example", "glued"),
        ("https://cow.example/r", "scheme"),
        ("mailto:cow.example", "address"),
        ("mailto:a!b@cow.example", "address"),
        ("mailto: a@cow.example", "blank"),
        ("mailto:mailto:a@cow.example", "twice"),
        ("mailto:a@cow.example?subject=dmarc", "query"),
        ("mailto://a@cow.example", "slashes"),
        ("mailto:<a@cow.example>", "marks"),
        ("mailto:a@k\u00fche.example", "idn"),
        ("a@k\u00fche.example", "idn"),
        ("mailto:k\u00fche@cow.example", "local"),
        ("mailto:a@" + "b" * 64 + ".example", "address"),
        ("mailto:a@b..example", "address"),
        ("", "address"),
    ],
)
def test_a_report_address_is_read(text: str, fault: str) -> None:
    assert ReportAddress.parse(text).fault == fault


def test_the_own_record_goes_before_all_others() -> None:
    found = discover(
        observe(
            "a.friend.example",
            txt("_dmarc.a.friend.example", "v=DMARC1; p=none"),
            txt("_dmarc.friend.example", "v=DMARC1; p=reject"),
        )
    )
    assert (found.inherited, found.policy, found.in_force) == (False, DmarcPolicy.NONE, "")


def test_a_subdomain_inherits_sp() -> None:
    found = discover(
        observe("a.friend.example", txt("_dmarc.friend.example", "v=DMARC1; p=none; sp=quarantine"))
    )
    assert found.inherited
    assert found.owner == dns.name.from_text("friend.example")
    assert found.in_force == "quarantine"


def test_the_record_with_the_fewest_labels_speaks_for_the_organization() -> None:
    observed = observe(
        "a.b.friend.example",
        txt("_dmarc.b.friend.example", "v=DMARC1; p=none"),
        txt("_dmarc.friend.example", "v=DMARC1; p=reject"),
    )
    found = discover(observed)
    assert found.in_force == "reject"
    assert found.organization == dns.name.from_text("friend.example")


def test_psd_n_ends_the_walk() -> None:
    found = discover(
        observe(
            "a.b.friend.example",
            txt("_dmarc.b.friend.example", "v=DMARC1; p=none; psd=n"),
            txt("_dmarc.friend.example", "v=DMARC1; p=reject"),
        )
    )
    assert found.policy is DmarcPolicy.NONE


def test_a_public_suffix_speaks_only_where_nobody_below_does() -> None:
    suffix = txt("_dmarc.example", "v=DMARC1; p=reject; psd=y")
    alone = discover(observe("a.friend.example", suffix))
    assert (alone.owner, alone.in_force) == (dns.name.from_text("example"), "reject")
    below = txt("_dmarc.friend.example", "v=DMARC1; p=none")
    both = discover(observe("a.friend.example", suffix, below))
    assert (both.owner, both.in_force) == (dns.name.from_text("friend.example"), "")


def test_several_records_at_one_name_are_all_disregarded() -> None:
    found = discover(
        observe(
            "a.friend.example",
            txt("_dmarc.a.friend.example", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
            txt("_dmarc.friend.example", "v=DMARC1; p=quarantine"),
        )
    )
    assert found.in_force == "quarantine"


def test_a_tested_policy_is_not_in_force() -> None:
    record = txt("_dmarc.friend.example", "v=DMARC1; p=reject; t=y")
    assert discover(observe("friend.example", record)).in_force == ""


def test_np_speaks_for_a_domain_that_does_not_exist() -> None:
    found = discover(
        observe(
            "a.friend.example",
            txt("_dmarc.friend.example", "v=DMARC1; p=none; np=reject"),
            Answer(Question.of("a.friend.example", "MX"), Outcome.NXDOMAIN),
        )
    )
    assert found.in_force == "reject"


def test_a_parent_that_does_not_answer_leaves_it_open() -> None:
    found = discover(observe("a.friend.example", failed("_dmarc.friend.example")))
    assert found.record is None
    assert found.failed is not None


def test_a_top_level_domain_that_does_not_answer_has_no_record() -> None:
    found = discover(observe("friend.example", failed("_dmarc.example")))
    assert (found.record, found.failed) == (None, None)


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    for each in (text, f"v=DMARC1;{text}", f"v=DMARC1;p=none;rua={text}"):
        record = parse_record(each)
        is_meant_as_dmarc(each)
        find_malformation(each)
        if record is not None:
            assert mean_the_same(record, record)
            record.requested(inherited=True, exists=False)
