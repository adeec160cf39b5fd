"""Hypothesis strategies for small zones full of SPF: records that lead to each other, and answers.

There are few names, so that terms often meet a record, an address, or the record they come from.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rdata
import dns.rdatatype
from hypothesis import strategies as st

from bot.dns.answer import Answer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.dns.owner_name import AnyName

DOMAIN = "friend.example"
_CROWD = dns.name.from_text("wide.example")
OURS4, OURS6, FOREIGN = "198.51.100.25", "2001:db8:25::25", "203.0.113.9"
ADDRESSES = (OURS4, OURS6, FOREIGN, f"::ffff:{OURS4}")
REVERSE = tuple(ip_address(address).reverse_pointer for address in (OURS4, OURS6))
HOLDERS = (DOMAIN, "a.example", "b.example", "c.example", "d.b.example", "wide.example")

NAMES = (
    *HOLDERS,
    *HOLDERS,
    *("Friend.Example", "a.example.", "B.example."),
    *("gone.example", "none.a.example", f"{'y.' * 120}a.example"),
)
MACROS = (
    *("%{d}", "%{D2}", "%{o}", "%{l}.a.example", "%{h}", "%{i}.b.example", "%{ir}.%{v}.c.example"),
    *("%{s}", "%{S}.example", "%{p}", "%{p}.d.b.example", "%{dr-}.example", "%{l1r+-}.%{d1r}"),
    *("%%.example", "%_a.example", "%{l}%{l}%{l}%{l}.%{h}.%{i}.%{d}.%{s}", "%{d5}", "a.%{o1}"),
)
BAD_SPECS = ("x..example", "nowhere", f"{'y' * 64}.a.b", "%{d0}", "%{c}", "%", "a.1")
LENGTHS = ("", "", "", "/24", "/0", "//64", "/24//32", "//0")
NETWORKS = (
    *("ip4:198.51.100.0/24", "ip4:198.51.100.25", "ip4:192.0.2.0/25", "ip4:0.0.0.0/0"),
    *("ip6:2001:db8::/32", "ip6:2001:DB8:25::25", "ip6:::/0", "ip6:::ffff:0:0/96"),
)
BAD_TERMS = ("ip4:1.2", "include:", "foo", "-x=y", "mx/33", "\u2013all", "+", "redirect=a.example")

specs = st.one_of(*[st.sampled_from(NAMES)] * 3, st.sampled_from(MACROS))
odd_specs = st.one_of(specs, st.sampled_from(BAD_SPECS))
mechanisms = st.one_of(
    *[st.builds("include:{}".format, specs)] * 2,
    st.builds("{}:{}{}".format, st.sampled_from(["a", "mx"]), specs, st.sampled_from(LENGTHS)),
    st.builds("{}{}".format, st.sampled_from(["a", "mx", "MX"]), st.sampled_from(LENGTHS)),
    st.builds("{}:{}".format, st.sampled_from(["exists", "ptr"]), specs),
    st.sampled_from(["ptr", "a", "mx"]),
    st.sampled_from(NETWORKS),
)
terms = st.builds("{}{}".format, st.sampled_from(["", "", "", "-", "~", "?"]), mechanisms)
endings = st.one_of(
    st.sampled_from(["-all", "~all", "?all", "+all", "-ALL x=y", "op=%{d}", "all=1"]),
    st.builds("redirect={}".format, specs),
    st.builds("redirect={} exp={}".format, specs, specs),
    st.builds("{}={}".format, st.sampled_from(["redirect", "exp", "x"]), odd_specs),
    st.sampled_from(BAD_TERMS),
)
records = st.builds(
    lambda words, ends: " ".join(["v=spf1", *words, *ends]),
    st.lists(terms, min_size=1, max_size=7),
    st.lists(endings, max_size=2),
)
one_text = records.map(lambda text: [text])
wide_records = st.builds(  # more than the limits of lookups, and of questions, allow
    lambda words, ending: " ".join(["v=spf1", *words, ending]),
    st.lists(
        st.builds(
            "{}:x{}.wide.example".format,
            st.sampled_from(["include", "a", "a", "mx", "exists", "?exists"]),
            st.integers(0, 12),
        ),
        min_size=5,
        max_size=14,
    ),
    st.sampled_from(["-all", "redirect=z.wide.example", "redirect=friend.example", "mx -all"]),
)
texts = st.one_of(
    *[one_text] * 8,
    st.lists(records, min_size=2, max_size=2),
    st.just([]),
    st.just(["site-proof=1"]),
)
hosts = st.sampled_from([*HOLDERS, "gone.example", ".", r"a\.b.a.example"])
outcomes = st.sampled_from([Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED])


class Holder(NamedTuple):
    """What there is at one name."""

    texts: list[str]
    ipv4: list[str]
    ipv6: list[str]
    mx: list[str]
    ptr: list[str]


empty = Holder([], [], [], [], [])
ptrs = st.lists(hosts, max_size=12).map(lambda names: empty._replace(ptr=names))
crowds = st.builds(  # as many hosts as a mx may have, and more
    lambda text, count: Holder(text, [], [], [f"m{n}.wide.example" for n in range(count)], []),
    texts,
    st.sampled_from([9, 10, 11]),
)


def holders_of(of: st.SearchStrategy[list[str]]) -> st.SearchStrategy[Holder]:
    """Return a strategy for names with these texts, and addresses and mail servers."""
    ipv4 = st.sampled_from([OURS4, "198.51.100.7", "192.0.2.1"])
    ipv6 = st.sampled_from([OURS6, "2001:db8:25::7"])
    return st.builds(
        Holder,
        of,
        st.lists(ipv4, max_size=2, unique=True),
        st.lists(ipv6, max_size=1),
        st.lists(hosts, max_size=3, unique=True),
        st.just([]),
    )


class Zones:
    """An Ask that answers from holders, and fails for some names and types."""

    def __init__(
        self, at: Mapping[str, Holder], failing: Mapping[tuple[str, str], Outcome]
    ) -> None:
        self._at = {dns.name.from_text(name): holder for name, holder in at.items()}
        self._failing = {Question.of(*asked): outcome for asked, outcome in failing.items()}

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Answer one question; whatever is in the crowd has a record and ten mail servers."""
        question = Question.of(name, rdtype)
        if (failure := self._failing.get(question)) is not None:
            return Answer(question, failure, server="192.0.2.53:53")
        owner = question.name
        holder = self._at.get(owner)
        if holder is None and owner.is_subdomain(_CROWD):
            crowd = [f"m{n}.{owner.to_text()}" for n in range(10)]
            holder = Holder(["v=spf1 a:n.%{d} ?all"], ["192.0.2.9"], [], crowd, [])
        if holder is None:
            return Answer(question, Outcome.NXDOMAIN)
        rdatas = tuple(_rdatas(holder, question.rdtype))
        return Answer(question, Outcome.RECORDS if rdatas else Outcome.NODATA, rdatas)


def _rdatas(holder: Holder, rdtype: dns.rdatatype.RdataType) -> Iterator[dns.rdata.Rdata]:
    match dns.rdatatype.to_text(rdtype):
        case "TXT":
            for text in holder.texts:
                raw = text.encode()
                parts = [raw[i : i + 255] for i in range(0, len(raw), 255)] or [b""]
                wire = b"".join(bytes([len(part)]) + part for part in parts)
                yield dns.rdata.from_wire("IN", "TXT", wire, 0, len(wire))
        case "A":
            yield from (dns.rdata.from_text("IN", "A", address) for address in holder.ipv4)
        case "AAAA":
            yield from (dns.rdata.from_text("IN", "AAAA", address) for address in holder.ipv6)
        case "MX":
            for host in holder.mx:
                yield dns.rdata.from_text("IN", "MX", f"10 {host.rstrip('.')}.")
        case "PTR":
            yield from (dns.rdata.from_text("IN", "PTR", f"{h.rstrip('.')}.") for h in holder.ptr)


failures = st.dictionaries(
    st.tuples(st.sampled_from([*HOLDERS, *REVERSE]), st.sampled_from(["TXT", "A", "MX", "PTR"])),
    outcomes,
    max_size=2,
)
worlds = st.builds(
    Zones,
    st.builds(
        lambda own, at, crowd, four, six: {
            **at,
            DOMAIN: own,
            "wide.example": crowd,
            REVERSE[0]: four,
            REVERSE[1]: six,
        },
        holders_of(st.one_of(one_text, one_text, wide_records.map(lambda text: [text]))),
        st.dictionaries(st.sampled_from(HOLDERS), holders_of(texts), min_size=3),
        crowds,
        ptrs,
        ptrs,
    ),
    st.one_of(st.just({}), st.just({}), failures),
)
