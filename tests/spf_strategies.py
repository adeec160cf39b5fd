"""Hypothesis strategies for SPF terms and records, sound and faulty."""

from __future__ import annotations

from hypothesis import strategies as st

target_names = st.sampled_from(["a.example", "spf.old.example", "_spf.cow.example", "x.y.example."])
mechanisms = st.one_of(
    st.sampled_from(["a", "mx", "ptr", "all", "a/24", "mx//64", "ip4:0.0.0.0/0", "ip6:::/0"]),
    st.builds(
        "{}:{}".format, st.sampled_from(["a", "mx", "include", "exists", "ptr"]), target_names
    ),
    st.builds("ip4:{}".format, st.ip_addresses(v=4)),
    st.builds("ip6:{}".format, st.ip_addresses(v=6)),
)
spf_terms = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["", "+", "-", "~", "?"]), mechanisms),
    st.builds(
        "{}={}".format, st.sampled_from(["redirect", "exp", "include", "op", "v"]), target_names
    ),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12),
    st.sampled_from(["include:", "a", "–all", "-", "ip4:", "redirect:a.example", "inlcude:a.b"]),
)
spf_records = st.lists(spf_terms, max_size=14).map(lambda words: " ".join(["v=spf1", *words]))
