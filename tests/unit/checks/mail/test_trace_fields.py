"""Who handed a mail to its receiver: read in the forms of mail software, forged hops left out."""

from __future__ import annotations

import dns.name
import pytest

from bot.checks.mail.header_fields import read_header
from bot.checks.mail.received_field import read_received
from bot.checks.mail.trace_fields import Receiver, Trace, find_spf_domain
from signed_mails import OTHER, OURS

HOST = frozenset({OURS})
POSTFIX = (
    f"from mx1.cow.example (mx1.cow.example [{OURS}]) (using TLSv1.3 with cipher"
    " TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519) (No client certificate requested)"
    " by mail.else.example (Postcow) with ESMTPS id 4ABC for <probe@else.example>; Sun, 29 Nov 2026"
)
LMTP = "from mail.else.example ([172.22.1.253]) by 5e1d8a2a3f4b with LMTP id aG; Sun, 29 Nov 2026"
FORMS = {
    "Postfix": (POSTFIX, "ESMTPS", "TLSv1.3"),
    "Exim": (
        (
            f"from mx1.cow.example ([{OURS}]) by mx.else.example with esmtps  (TLS1.3) tls"
            " TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <ann@friend.example>) id 1;"
        ),
        "ESMTPS",
        "TLSv1.3",
    ),
    "Exim without a name": (
        (
            f"from [{OURS}] (helo=mx1.cow.example) by mx.else.example with esmtps"
            " (TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256) (Exim 4.84) id 1s-2-3;"
        ),
        "ESMTPS",
        "TLSv1.2",
    ),
    "Gmail": (
        (
            f"from mx1.cow.example (mx1.cow.example. [{OURS}]) by mx.else.example with ESMTPS id 1"
            " for <probe@else.example> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);"
        ),
        "ESMTPS",
        "TLSv1.3",
    ),
    "Microsoft": (
        (
            f"from mx1.cow.example ({OURS}) by BN8NAM11FT023.mail.else.example (10.13.177.103) with"
            " Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA) id"
            " 15.20.8 via Frontend Transport; Sun, 29 Nov 2026"
        ),
        "",
        "TLSv1.2",
    ),
    "Sendmail": (
        (
            f"from mx1.cow.example (mx1.cow.example [{OURS}] (may be forged)) by mx.else.example"
            " (8.18.1/8.18.1) with ESMTPS id 4AT (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384"
            " bits=256 verify=NO) for <probe@else.example>; Sun, 29 Nov 2026"
        ),
        "ESMTPS",
        "TLSv1.3",
    ),
    "OpenSMTPD": (
        (
            f"from mx1.cow.example (mx1.cow.example [{OURS}]) by mx.else.example (OpenSMTPD) with"
            " ESMTPS id 1f (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) for <probe@else.example>; Sun"
        ),
        "ESMTPS",
        "TLSv1.3",
    ),
    "qmail": (
        f"from unknown (HELO mx1.cow.example) ({OURS}) by mx.else.example with SMTP; 29 Nov 2026",
        "SMTP",
        "",
    ),
    "Yahoo": (f"from {OURS} (EHLO mx1.cow.example) by mx.else.example with SMTPs;", "SMTPS", ""),
}


def read(
    *hops: str, host: frozenset[str] = HOST, more: str = "", domain: str = "else.example"
) -> Trace:
    raw = more + "".join(f"Received: {hop}\r\n" for hop in hops) + "From: a@b.example\r\n\r\n"
    header = read_header(raw.encode())
    return Receiver([dns.name.from_text(domain)]).read_trace(header, host)


@pytest.mark.parametrize("name", FORMS)
def test_address_protocol_and_tls_are_read_as_each_program_writes_them(name: str) -> None:
    text, protocol, tls = FORMS[name]
    trace = read(text)
    assert trace.border is not None
    assert trace.border.address == OURS
    assert trace.border.helo == ("mx1.cow.example")
    assert (trace.border.protocol, trace.border.tls) == (protocol, tls)


def test_an_ipv6_address_is_read_in_its_usual_form() -> None:
    hop = read_received("from a (a [IPv6:2001:DB8:0::25]) by mx.else.example with ESMTPS id 1;")
    assert hop is not None
    assert hop.address == "2001:db8::25"
    mapped = read_received("from a (a [::ffff:198.51.100.25]) by mx.else.example with SMTP;")
    assert mapped is not None
    assert mapped.address == OURS


def test_hops_inside_the_receiver_lead_to_the_one_from_outside() -> None:
    inside = "by 2002:a05:6a10:1234 with SMTP id q1; Sun, 29 Nov 2026"
    other = "from mx5 (localhost [127.0.0.1]) by mailmx.internal (Postfix) with ESMTP id 1; Sun"
    for above in ((LMTP,), (inside, inside), (other, other)):
        trace = read(*above, POSTFIX)
        assert trace.border is not None
        assert trace.border.address == OURS
        assert trace.end == len(above) + 1


def test_a_hop_by_another_name_counts_where_the_one_above_names_it() -> None:
    top = (
        "from BN9.prod.else.example (2603:10b6:408:f5::6) by SA1.prod.else.example"
        " (2603:10b6:806::9) with Microsoft SMTP Server (version=TLS1_2) id 1; Sun"
    )
    linked = (
        f"from mx1.cow.example ({OURS}) by BN9.office.example (2603:10b6:408:f5::6) with Microsoft"
        " SMTP Server (version=TLS1_3, cipher=x) id 2 via Frontend Transport; Sun"
    )
    trace = read(top, linked)
    assert trace.border is not None
    assert trace.border.address == OURS
    foreign = linked.replace("2603:10b6:408:f5::6", "2001:db8::1")
    assert read(top, foreign).border is None


@pytest.mark.parametrize(
    "lie",
    [
        "from mail.else.example (unknown [203.0.113.77]) by mail.else.example with ESMTPS id 1; S",
        "from mail.else.example ([203.0.113.77]) by mail.else.example with ESMTPS id 1; Sun",
        "from [203.0.113.77] (helo=mail.else.example) by mail.else.example with esmtps id 1; Sun",
        (
            "from mail.else.example (203.0.113.77) by mail.else.example (10.0.0.1) with Microsoft"
            " SMTP Server id 1; Sun"
        ),
    ],
)
def test_a_hop_below_the_one_from_outside_is_not_believed(lie: str) -> None:
    trace = read(lie, POSTFIX)
    assert trace.border is not None
    assert trace.border.address == "203.0.113.77"


@pytest.mark.parametrize(
    ("origin", "address"),
    [
        (f"stranger.example (HELO x) (root@{OTHER})", OTHER),  # as qmail asks the other side
        ("stranger.example", None),
        ("stranger.example (stranger.example)", None),
    ],
)
def test_what_came_with_a_mail_is_not_believed_where_no_address_is_told(
    origin: str, address: str | None
) -> None:
    forged = f"from mx1.cow.example (mx1.cow.example [{OURS}]) by mx.else.example with ESMTPS; x"
    trace = read(f"from {origin} by mx.else.example with ESMTP; x", forged)
    assert (trace.border and trace.border.address) == address


def test_a_hop_between_hosts_of_the_receiver_needs_no_address() -> None:
    outside = f"from mx1.cow.example (mx1.cow.example [{OURS}]) by mx.else.example with ESMTPS; x"
    trace = read("from mx.else.example by store.else.example with ESMTP; x", outside)
    assert trace.border is not None
    assert trace.border.address == OURS


def test_a_name_that_has_the_address_is_the_receiver_s_own_hop() -> None:
    hop = "from in.else.example ([203.0.113.77]) by store.else.example with esmtps id 1; Sun"
    raw = f"Received: {hop}\r\nReceived: {POSTFIX}\r\nFrom: a@b.example\r\n\r\n"
    header = read_header(raw.encode())
    receiver = Receiver([dns.name.from_text("else.example")])
    assert receiver.find_claims(header) == ("in.else.example",)
    for address, deliverer in (("203.0.113.77", OURS), ("203.0.113.78", "203.0.113.77")):
        proven = {"in.else.example": frozenset({address})}
        border = receiver.read_trace(header, HOST, proven).border
        assert border is not None
        assert border.address == deliverer


def test_the_hops_of_a_large_provider_lead_to_the_one_from_outside() -> None:
    hops = (
        "from SJ0.prod.else.example (2603:10b6:408:149::19) by BL0.prod.else.example with HTTPS; S",
        (
            "from BN0.prod.else.example (2603:10b6:408:44::16) by SJ0.prod.else.example"
            " (2603:10b6:408:149::19) with Microsoft SMTP (version=TLS1_2, x=y) id 1; Sun"
        ),
        (
            "from BN8.eop.else.example (2603:10b6:408:44:cafe::94) by BN0.office.example"
            " (2603:10b6:408:44::16) with Microsoft SMTP (version=TLS1_2, x=y) id 2; Sun"
        ),
        (
            f"from mx1.cow.example ({OURS}) by BN8.mail.else.example (10.13.177.182) with Microsoft"
            " SMTP Server (version=TLS1_3, cipher=x) id 3 via Frontend Transport; Sun"
        ),
    )
    trace = read(*hops)
    assert trace.border is not None
    assert (trace.border.address, trace.border.tls, trace.end) == (OURS, "TLSv1.3", 4)


def test_a_mailbox_on_hosts_of_another_name_is_seen_through() -> None:
    top = (
        "from proxy.hosting.example ([2001:db8:7::2]) by store.hosting.example with ESMTP id 1; Sun"
    )
    inner = (
        "from mx.else.example (mx.else.example [2001:db8:7::1]) by proxy.hosting.example with"
        " ESMTPS id 2; Sun"
    )
    border = POSTFIX.replace("mail.else.example", "mx.else.example")
    raw = (
        "".join(f"Received: {hop}\r\n" for hop in (top, inner, border))
        + "From: a@b.example\r\n\r\n"
    )
    header = read_header(raw.encode())
    receiver = Receiver([dns.name.from_text("else.example")])
    assert receiver.find_claims(header) == ("proxy.hosting.example",)
    proven = {"proxy.hosting.example": frozenset({"2001:db8:7::2"})}
    found = receiver.read_trace(header, HOST, proven).border
    assert found is not None
    assert found.address == OURS


def test_without_a_field_of_the_receiver_nothing_is_known() -> None:
    foreign = POSTFIX.replace("mail.else.example", "mx.stranger.example")
    assert read(foreign) == Trace()
    assert read(LMTP) == Trace()  # a name that everybody can have
    assert read() == Trace()
    assert read("from a (a [192.0.2.1]) by (nobody"[:30]) == Trace()


def test_the_host_s_own_address_is_outside_wherever_it_lies() -> None:
    private = POSTFIX.replace(OURS, "10.0.0.25")
    assert read(private).border is None
    trace = read(private, host=frozenset({"10.0.0.25"}))
    assert trace.border is not None
    assert trace.border.address == "10.0.0.25"


def test_only_a_sender_that_the_receiver_wrote_counts() -> None:
    own = read(LMTP, POSTFIX, more="Return-Path: <ann@friend.example>\r\n")
    assert own.sender is not None
    assert own.sender.text == "ann@friend.example"
    below = "Received: " + POSTFIX + "\r\nReturn-Path: <eve@evil.example>\r\n"
    header = read_header((below + "From: a@b.example\r\n\r\n").encode())
    assert Receiver([dns.name.from_text("else.example")]).read_trace(header, HOST).sender is None
    exim = read(FORMS["Exim"][0])
    assert exim.sender is not None
    assert exim.sender.text == "ann@friend.example"


def test_spf_of_a_mail_without_a_sender_is_that_of_helo() -> None:
    trace = read(POSTFIX, more="Return-Path: <>\r\n")
    domain = find_spf_domain(trace)
    assert domain is not None
    assert domain.ascii == "mx1.cow.example"
    assert find_spf_domain(read(POSTFIX)) is None
    odd = read(POSTFIX, more="Return-Path: <root@localhost>\r\n")
    assert find_spf_domain(odd) is None


def test_a_mail_that_was_handed_in_with_a_password_is_told() -> None:
    hop = "from [192.0.2.9] (unknown [192.0.2.9]) by mx1.cow.example (Postcow) with ESMTPSA id 1; S"
    assert read(hop, domain="cow.example").submitted
    assert not read(hop.replace("ESMTPSA", "ESMTPS"), domain="cow.example").submitted


def test_hosts_are_of_one_organisation_below_a_public_suffix() -> None:
    receiver = Receiver([dns.name.from_text("gmail-smtp-in.l.mail.co.uk")])
    assert receiver.owns("mx.mail.co.uk")
    assert not receiver.owns("mx.other.co.uk")
    assert not receiver.owns("co.uk")
    assert not receiver.owns("a..b")
    assert not receiver.owns("x" * 300)
