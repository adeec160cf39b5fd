"""Replies of name servers, sound and bent in every way, for tests that try many."""

from __future__ import annotations

from itertools import pairwise

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from hypothesis import strategies as st

from bot.dns.answer import Question

TYPES = ("A", "AAAA", "MX", "TXT", "SPF", "CNAME", "NS", "SOA", "SRV", "TLSA", "CAA", "PTR")
NAMES = (
    "friend.example.",
    "www.friend.example.",
    "cow.example.",
    "mx1.cow.example.",
    "_dmarc.friend.example.",
    "a.b.c.d.e.friend.example.",
    "xn--mller-kva.example.",
)

names = st.sampled_from(NAMES)
numbers = st.integers(0, 65535)
octets = st.integers(0, 255)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
strings = st.lists(st.binary(max_size=255), min_size=1, max_size=4)


def quoted(parts: list[bytes]) -> str:
    return " ".join('"' + "".join(f"\\{b:03}" for b in part) + '"' for part in parts)


RDATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": st.builds("{} {}".format, numbers, names),
    "TXT": strings.map(quoted),
    "SPF": strings.map(quoted),
    "CNAME": names,
    "NS": names,
    "SOA": st.builds("{} {} {} 2 3 4 {}".format, names, names, numbers, numbers),
    "SRV": st.builds("{} {} {} {}".format, numbers, numbers, numbers, names),
    "TLSA": st.builds(
        "3 {} 1 {}".format, octets, st.binary(min_size=32, max_size=32).map(bytes.hex)
    ),
    "CAA": st.builds('{} issue "{}"'.format, octets, names),
    "PTR": names,
}


@st.composite
def rrsets(draw: st.DrawFn, owner: str, rdtype: str) -> dns.rrset.RRset:
    several = 1 if rdtype in ("CNAME", "SOA") else 5
    texts = draw(st.lists(RDATA[rdtype], min_size=1, max_size=several))
    return dns.rrset.from_text(owner, draw(st.integers(0, 2**31 - 1)), "IN", rdtype, *texts)


@st.composite
def replies(draw: st.DrawFn) -> tuple[Question, dns.message.QueryMessage]:
    """A sound reply: a chain of up to three aliases, then records or a denial."""
    rdtype = draw(st.sampled_from(TYPES))
    chain = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    if rdtype == "CNAME":
        del chain[1:]
    question = Question.of(chain[0], rdtype)
    query = dns.message.make_query(chain[0], rdtype, use_edns=0, payload=1232, id=draw(numbers))
    message = dns.message.make_response(query)
    assert isinstance(message, dns.message.QueryMessage)
    for owner, target in pairwise(chain):
        ttl = draw(st.integers(0, 100_000))
        message.answer.append(dns.rrset.from_text(owner, ttl, "IN", "CNAME", target))
    if draw(st.booleans()):
        message.answer.append(draw(rrsets(chain[-1], rdtype)))
    else:
        message.authority.append(draw(rrsets(draw(st.sampled_from((".", "example."))), "SOA")))
        if draw(st.booleans()):
            message.set_rcode(dns.rcode.NXDOMAIN)
    message.answer.reverse()
    message.additional.append(draw(rrsets("mx1.cow.example.", "A")))
    if draw(st.booleans()):
        text = draw(st.text(max_size=300))
        message.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.OTHER, text or None)])
    return question, message


@st.composite
def bends(draw: st.DrawFn, data: bytes) -> bytes:
    """Return the bytes with bits turned, octets replaced, parts cut out, doubled or swapped."""
    bent = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(bent) - 1)))
        match draw(st.integers(0, 6)):
            case 0 if bent:
                bent[place] ^= 1 << draw(st.integers(0, 7))
            case 1 if bent:
                bent[place] = draw(octets)
            case 2:
                del bent[place:]
            case 3:
                del bent[place : place + draw(st.integers(1, 8))]
            case 4:
                bent[place:place] = draw(st.binary(max_size=16))
            case 5:
                # A compression pointer to anywhere: itself, forward, into the header.
                target = draw(st.integers(0, len(bent) + 4))
                bent[place : place + 2] = (0xC000 | target).to_bytes(2, "big")
            case _:
                bent[place:place] = bent[place : place + 40]
    return bytes(bent)
