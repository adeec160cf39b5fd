"""What programs are told is compared with what members are told, and one cause is said once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.authority_view import AuthorityView
from bot.checks.finding import Status
from bot.checks.optional import hosts
from bot.checks.optional.discovery_places import (
    DiscoveryAnswer,
    DiscoveryPlace,
    autoconfig_places,
    autodiscover_places,
)
from bot.checks.optional.mail_config import (
    Encryption,
    Login,
    MailConfig,
    NamedServer,
    Spoken,
    UserName,
)
from bot.checks.optional.told_settings import Otherwise, find_difference
from bot.dns.answer import Answer, Outcome
from bot.net.page import FetchOutcome
from bot.records.expected import expect
from examples import examples
from observed_domain import (
    CONTEXT,
    DOMAIN,
    EXPECTED,
    HOST,
    OURS,
    SERVER,
    WORDS,
    alias,
    answered,
    only,
    seen,
    typed,
    unfound,
)

if TYPE_CHECKING:
    from bot.checks.observation import Observation

HERE = "mx1.cow.example"
IMAP = NamedServer(Spoken.IMAP, HERE, 993, Encryption.TLS)
SMTP = NamedServer(Spoken.SMTP, HERE, 465, Encryption.TLS)
RIGHT = MailConfig((IMAP,), (SMTP,))
OLD = MailConfig((NamedServer(Spoken.IMAP, "imap.old.example", 993, Encryption.TLS),), (SMTP,))
OLD_HOST = (answered("imap.old.example.", "A", "192.0.2.66"), answered("imap.old.example.", "AAAA"))
WEBSITE = (answered("friend.example.", "A", "203.0.113.80"), answered("friend.example.", "AAAA"))
AT_NAME, AT_WEBSITE, _, _ = autoconfig_places(DOMAIN)
OUTLOOK_AT_WEBSITE, OUTLOOK_AT_NAME, _ = autodiscover_places(DOMAIN)
NOWHERE = tuple(unfound("autoconfig.friend.example", t, Outcome.NXDOMAIN) for t in ("A", "AAAA"))
UNASKED = tuple(
    unfound(name, rdtype, Outcome.NXDOMAIN)
    for name, rdtype in (
        ("autodiscover.friend.example", "A"),
        ("autodiscover.friend.example", "AAAA"),
        ("_autodiscover._tcp.friend.example", "SRV"),
    )
)


def told(
    config: MailConfig | None, place: DiscoveryPlace = AT_WEBSITE, *, ours: bool = False
) -> DiscoveryAnswer:
    return DiscoveryAnswer(place, FetchOutcome.PAGE, ours, config)


def observed(*answers: Answer, discovery: tuple[DiscoveryAnswer, ...]) -> Observation:
    return seen(*OLD_HOST, *WEBSITE, *answers, discovery=discovery)


def kind(config: MailConfig, *answers: Answer, ours: bool = False) -> Otherwise | None:
    found = find_difference(EXPECTED, observed(*answers, discovery=()), told(config, ours=ours))
    return found.kind if found else None


def first(**changes: object) -> MailConfig:
    return MailConfig((dataclasses.replace(IMAP, **changes),), (SMTP,))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("config", "otherwise"),
    [
        (RIGHT, None),
        (first(port=143, encryption=Encryption.STARTTLS), None),
        (first(port=None, encryption=Encryption.USUAL), None),
        (first(spoken=Spoken.POP, port=995), None),
        (first(port=143), Otherwise.PORT),
        (first(port=993, encryption=Encryption.STARTTLS), Otherwise.PORT),
        (first(port=143, encryption=Encryption.NONE), Otherwise.PLAIN),
        (first(user_name=UserName.OTHER), Otherwise.USER_NAME),
        (first(login=Login.OTHER), Otherwise.LOGIN),
        (first(host="imap.old.example"), Otherwise.HOST),
        (first(spoken=Spoken.EXCHANGE, host="imap.old.example", port=None), Otherwise.HOST),
        (first(spoken=Spoken.ACTIVESYNC, port=None), None),
        (MailConfig((IMAP,), (dataclasses.replace(SMTP, login=Login.NONE),)), Otherwise.LOGIN),
        (MailConfig((IMAP,), (dataclasses.replace(SMTP, port=25),)), Otherwise.PORT),
    ],
)
def test_what_differs_is_named(config: MailConfig, otherwise: Otherwise | None) -> None:
    assert kind(config) == otherwise


def test_of_several_servers_the_first_is_used_and_none_may_be_somebody_elses() -> None:
    plain = dataclasses.replace(IMAP, port=143, encryption=Encryption.NONE)
    assert kind(MailConfig((IMAP, plain), (SMTP,))) is None
    assert kind(MailConfig((plain, IMAP), (SMTP,))) is Otherwise.PLAIN
    assert kind(MailConfig((plain, *OLD.incoming), (SMTP,))) is Otherwise.HOST


def test_another_name_of_our_server_is_a_difference_but_where_it_says_so_itself() -> None:
    other = first(host="mail.friend.example")
    leads = (answered("mail.friend.example", "A", OURS), answered("mail.friend.example", "AAAA"))
    assert kind(other, *leads) is Otherwise.OTHER_NAME
    assert kind(other, *leads, ours=True) is None


def test_a_name_that_the_dns_says_nothing_of_is_no_difference() -> None:
    silent = (unfound("a.example.", t, Outcome.TIMEOUT) for t in ("A", "AAAA"))
    assert kind(first(host="a.example"), *silent) is None
    gone = (unfound("a.example.", t, Outcome.NXDOMAIN) for t in ("A", "AAAA"))
    assert kind(first(host="a.example"), *gone) is Otherwise.HOST


def test_pop_first_is_wrong_where_there_is_none() -> None:
    expected = expect(dataclasses.replace(SERVER, pop=False), DOMAIN)
    config = first(spoken=Spoken.POP, port=995)
    found = find_difference(expected, observed(discovery=()), told(config))
    assert found is not None
    assert (found.kind, found.ours.port) == (Otherwise.PORT, 993)


def test_a_website_that_answers_otherwise_is_left_behind_by_a_record_of_ours() -> None:
    view = observed(*NOWHERE, discovery=(told(OLD),))
    finding = only(hosts.judge_autoconfig(EXPECTED, view), "autoconfig-wrong", Status.WARN)
    assert [step[1:3] for step in typed(finding)] == [("autoconfig.friend.example.", HOST)]
    assert finding.facts["told"] == "imap.old.example:993"
    assert finding.facts["url"] == (
        "https://friend.example/.well-known/autoconfig/mail/config-v1.1.xml"
    )


def test_no_record_is_asked_for_that_is_not_offered() -> None:
    expected = expect(dataclasses.replace(SERVER, offer=frozenset({"webmail"})), DOMAIN)
    view = observed(*NOWHERE, discovery=(told(OLD),))
    finding = hosts.judge_autoconfig(expected, view).findings[0]
    assert (finding.code, finding.fixes) == ("autoconfig-wrong", ())
    assert finding.facts["name"] == ""


def test_what_outlook_asks_first_is_wrong_whatever_records_are_there() -> None:
    view = observed(*UNASKED, discovery=(told(OLD, OUTLOOK_AT_WEBSITE),))
    verdict = hosts.judge_autodiscover(EXPECTED, view)
    assert [f.code for f in verdict.findings] == ["autodiscover-wrong", "optional-missing"]
    assert verdict.findings[0].fixes == ()


def test_a_name_that_leads_elsewhere_is_the_one_cause_of_what_it_answers() -> None:
    elsewhere = [answered("autoconfig.friend.example", "A", "192.0.2.66")]
    elsewhere.append(answered("autoconfig.friend.example", "AAAA"))
    for discovery in ((told(OLD, AT_NAME),), (told(OLD),), (told(None, AT_NAME),), ()):
        view = observed(*elsewhere, discovery=discovery)
        only(hosts.judge_autoconfig(EXPECTED, view), "autoconfig-foreign", Status.WARN)


def test_a_name_that_leads_elsewhere_is_right_where_our_settings_are_proven_there() -> None:
    elsewhere = [answered("autoconfig.friend.example", "A", "192.0.2.66")]
    elsewhere.append(answered("autoconfig.friend.example", "AAAA"))
    proven = observed(*elsewhere, discovery=(told(RIGHT, AT_NAME),))
    assert hosts.judge_autoconfig(EXPECTED, proven).findings == ()
    beside = observed(*elsewhere, discovery=(told(RIGHT),))  # nothing is proven of the name
    only(hosts.judge_autoconfig(EXPECTED, beside), "autoconfig-foreign", Status.WARN)


def test_our_own_servers_wrong_answer_is_its_fault_and_nothing_to_type() -> None:
    view = observed(*alias("autoconfig"), discovery=(told(OLD, AT_NAME, ours=True),))
    (finding,) = hosts.judge_autoconfig(EXPECTED, view).findings
    assert (finding.code, finding.severity, finding.fixes) == ("server-side", Status.INFO, ())
    assert finding.facts["what"] == "autoconfig-answer"


def test_thunderbird_takes_the_first_answer_that_has_settings() -> None:
    view = observed(*alias("autoconfig"), discovery=(told(RIGHT, AT_NAME, ours=True), told(OLD)))
    assert hosts.judge_autoconfig(EXPECTED, view).findings == ()
    second = observed(*alias("autoconfig"), discovery=(told(None, AT_NAME, ours=True), told(OLD)))
    finding = only(hosts.judge_autoconfig(EXPECTED, second), "autoconfig-wrong", Status.WARN)
    assert finding.fixes == ()  # the record is there


def test_what_an_old_address_answered_says_nothing_of_a_name_that_was_changed() -> None:
    old = (answered("autoconfig.friend.example", "A", "192.0.2.66"), NOWHERE[1])
    now, _ = alias("autoconfig")
    source = AuthorityView(DOMAIN.name, (), answers={now.question: now}, changed=(now.question,))
    view = observed(*old, discovery=(told(OLD, AT_NAME), told(OLD)))
    moved = dataclasses.replace(view, source=source).at_source()
    assert [answer.place for answer in moved.discovery] == [AT_WEBSITE]
    assert dns.name.from_text(HOST) in moved.answers[now.question].chain


@pytest.mark.parametrize("place", [OUTLOOK_AT_NAME, OUTLOOK_AT_WEBSITE])
def test_no_answer_and_a_wanted_login_are_no_finding(place: DiscoveryPlace) -> None:
    view = observed(
        *alias("autodiscover"),
        UNASKED[2],
        discovery=(DiscoveryAnswer(place, FetchOutcome.STATUS),),
    )
    assert hosts.judge_autodiscover(EXPECTED, view).findings == ()


SERVERS = st.lists(
    st.builds(
        NamedServer,
        st.sampled_from(Spoken),
        st.sampled_from([HERE, "imap.old.example", "nobody.example", "xn--a.example"]),
        st.none() | st.integers(1, 65_535),
        st.sampled_from(Encryption),
        st.sampled_from(UserName),
        st.sampled_from(Login),
    ),
    max_size=3,
).map(tuple)
PLACES = st.sampled_from([*autoconfig_places(DOMAIN), *autodiscover_places(DOMAIN)])
ANSWERS = st.builds(
    DiscoveryAnswer,
    PLACES,
    st.sampled_from(FetchOutcome),
    st.booleans(),
    st.none() | st.builds(MailConfig, SERVERS, SERVERS),
)


@given(st.lists(ANSWERS, max_size=5).map(tuple), st.booleans(), st.booleans())
@examples(2)
def test_whatever_is_answered_is_no_worse_than_a_warning_and_leaves_no_name_without_words(
    discovery: tuple[DiscoveryAnswer, ...], leads: bool, pop: bool
) -> None:
    names = (*alias("autoconfig"), *alias("autodiscover")) if leads else (*NOWHERE, *UNASKED)
    expected = expect(dataclasses.replace(SERVER, pop=pop), DOMAIN)
    view = observed(*names, discovery=discovery)
    for judge in (hosts.judge_autoconfig, hosts.judge_autodiscover):
        findings = judge(expected, view).findings
        assert all(f.severity.rank <= Status.WARN.rank for f in findings)
        assert len({f.code for f in findings}) == len(findings)
        assert all(WORDS.finding(finding, CONTEXT) for finding in findings)
