"""The cards of a test mail: what they say of each fault, and that no text in a mail breaks them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import discord
import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.mail_card import build_mail_card, build_mail_details_card
from bot.cards.markdown import MOST_CHARACTERS
from bot.checks.mail.mail_verdict import (
    Alignment,
    AuthResult,
    MailCause,
    MailVerdict,
    Signature,
)
from bot.words import Medium, Words
from card_limits import MOST_COMPONENTS, measure
from examples import examples
from mail_faults import FAULTS, RIGHT
from observed_domain import SERVER
from signed_mails import compose, deliver, hand_in, judge, sign

WORDS = Words(Medium.DISCORD)
NASTY = ("@everyone", "<@1>", "`", "```", "\n# big", "[a](https://evil.example/)", "\\", "**", "||")
texts = st.lists(
    st.one_of(
        st.sampled_from((*NASTY, "\u202eevil", "\x1b[31m", "\ud800", "x" * 500)),
        st.text(max_size=9),
    ),
    max_size=6,
).map("".join)
faults = st.sampled_from(["", *{fault.code for fault in FAULTS.values()} & {"mail-length"}])
signatures = st.builds(
    Signature,
    texts,
    texts,
    st.sampled_from(AuthResult),
    st.sampled_from(Alignment),
    faults,
    st.booleans(),
    st.booleans(),
)
words_of_receiver = st.lists(
    st.tuples(st.sampled_from(["spf", "dkim", "dmarc"]), st.sampled_from(AuthResult)), max_size=3
)


@st.composite
def verdicts(draw: st.DrawFn) -> MailVerdict:
    signed = tuple(draw(st.lists(signatures, max_size=2)))
    facts = {
        name: draw(texts)
        for name in ("from_domain", "tested", "address", "selector", "domain", "used", "what")
    }
    cause = MailCause("mail-wrong-domain", facts)
    return MailVerdict(
        passed=False,
        domain=draw(texts),
        from_domain=draw(texts),
        from_address=draw(texts),
        envelope_sender=draw(st.none() | texts),
        envelope_domain=draw(texts),
        delivered_from=draw(texts),
        is_from_host=draw(st.booleans()),
        spf=draw(st.sampled_from(AuthResult)),
        spf_alignment=draw(st.sampled_from(Alignment)),
        signatures=signed * draw(st.sampled_from([1, 4])),
        dmarc=draw(st.sampled_from(AuthResult)),
        policy=draw(texts),
        causes=(cause,) * draw(st.integers(1, 4)),
        remarks=(cause,) * draw(st.integers(0, 3)),
        selector=draw(texts),
        receiver_says=tuple((a, b.value) for a, b in draw(words_of_receiver)),
        receiver=draw(texts),
        last_hop=draw(texts),
        last_hop_tls=draw(texts),
        is_foreign=draw(st.booleans()),
        arrived_at=draw(st.none() | st.just(datetime(2026, 11, 29, tzinfo=UTC))),
    )


def text_of(view: ui.LayoutView) -> str:
    return "\n".join(
        item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay)
    )


def first(verdict: MailVerdict) -> str:
    return text_of(build_mail_card(verdict, SERVER, WORDS).view)


def details(verdict: MailVerdict) -> str:
    return text_of(build_mail_details_card(verdict, SERVER, WORDS).view)


def judged(name: str) -> MailVerdict:
    if name in RIGHT:
        make, options = RIGHT[name]
        return judge(make(), **options)
    fault = FAULTS[name]
    return judge(fault.make(), fault.world(), **fault.options)


def test_a_mail_that_passed_says_so_and_what_that_does_not_prove() -> None:
    said = first(judged("plain"))
    assert said.startswith("## ✅ Test mail of `friend.example`")
    assert "Our server signed this mail for your domain and sent it." in said
    assert "✅ DKIM · ✅ SPF · ✅ DMARC · ✅ Our server · ✅ TLS" in said
    assert "so the mail really left ours" in said
    assert "does not show whether others put it into the inbox" in said


def test_a_mail_in_an_own_mailbox_says_that_it_did_not_leave() -> None:
    said = first(judged("from an own mailbox"))
    assert f"{WORDS.label('lights', 'wanted')} SPF" in said
    assert "on our own server. That does not show whether mail leaves it" in said
    assert "192.0.2.9" not in details(judged("from an own mailbox"))  # the member's own address


@pytest.mark.parametrize("name", FAULTS)
def test_a_mail_with_a_fault_says_its_first_cause_and_no_green_title(name: str) -> None:
    verdict = judged(name)
    said = first(verdict)
    assert said.startswith("## ❓" if verdict.causes[0].is_unknown else "## ❌")
    cause = WORDS.sentence(
        f"findings/{verdict.causes[0].code}",
        {"host": "mx1.cow.example", "service": "Mailcow", **verdict.causes[0].facts},
    )
    assert cause in said
    assert "really left ours" not in said or verdict.is_from_host
    for one in verdict.causes:
        assert f"findings/{one.code}" not in details(verdict)


def test_a_mail_that_passes_dmarc_by_spf_alone_is_not_said_to_fail_it() -> None:
    said = [
        first(verdict) for name in FAULTS if (verdict := judged(name)).causes[0].is_unknown is False
    ]
    by_spf = [text for text in said if "✅ DMARC" in text]
    assert by_spf
    assert all("This mail passes DMARC, but not this test." in text for text in by_spf)
    assert all("passes DMARC" not in text for text in said if text not in by_spf)


def test_the_details_have_all_three_names_beside_each_other() -> None:
    said = details(judged("signed for a name below")).splitlines()
    at = said.index("**From** `ann@friend.example`")
    assert said[at + 1 : at + 3] == [
        "**Envelope sender** `ann@friend.example`: the same domain as From (strict)",
        "**Signed for** `d=mail.friend.example`: the same owner as From (relaxed only)",
    ]


def test_the_details_name_selector_and_fault_of_each_signature() -> None:
    said = details(judged("body changed"))
    assert "❌ **DKIM** `s=dkim` `d=friend.example`: the text was changed" in said
    assert "✅ **SPF** `198.51.100.25` → `friend.example`: passes" in said
    assert "✅ **TLS** used for the last hop (`TLSv1.3 ESMTPS`)" in said
    assert "**Signed for** nobody" in details(judged("unsigned"))


def test_every_fault_of_a_signature_has_a_word() -> None:
    found = {one.fault for name in FAULTS for one in judged(name).signatures} - {""}
    assert len(found) > 12
    for fault in found:
        assert WORDS.label("mail_faults", fault)


def test_what_the_receiver_wrote_is_marked_where_it_differs() -> None:
    mail = hand_in(sign(compose()))
    same = judge(deliver(mail, results="mail.else.example; dmarc=pass"))
    assert "ℹ️ `mail.else.example` wrote: DMARC passes" in details(same)
    other = judge(deliver(mail, results="mail.else.example; dmarc=fail"))
    assert "⚠️ `mail.else.example` wrote: DMARC fails" in details(other)


def test_a_hop_without_tls_is_told() -> None:
    plain = deliver(hand_in(sign(compose()))).replace(b"ESMTPS id 4ABC", b"ESMTP id 4ABC")
    start, end = plain.index(b"\t(using TLS"), plain.index(b"\tby mail.else.example")
    verdict = judge(plain[:start] + plain[end:])
    assert verdict.passed
    assert "⚠️ **TLS** not used for the last hop (`ESMTP`)" in details(verdict)


@examples(1)
@given(verdict=verdicts())
def test_no_text_in_a_mail_breaks_its_cards(verdict: MailVerdict) -> None:
    for build in (build_mail_card, build_mail_details_card):
        view = build(verdict, SERVER, WORDS).view
        components, characters = measure(view)
        assert components <= MOST_COMPONENTS
        assert characters <= MOST_CHARACTERS
        for item in view.walk_children():
            if isinstance(item, discord.ui.TextDisplay):
                check_is_harmless(item.content)


def check_is_harmless(content: str) -> None:
    content.encode()
    assert "\u202e" not in content
    assert "\x1b" not in content
    outside = re.sub(r"\\.|`[^`\n]+`", "", content)
    outside = re.sub(r"<t:[0-9]+:R>", "", outside)
    for sign_of_markdown in ("`", "@", "<", "](", "://", "||"):
        assert sign_of_markdown not in outside
    assert len(re.findall(r"^#+ ", outside, re.MULTILINE)) <= 1
