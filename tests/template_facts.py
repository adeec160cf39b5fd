"""What templates are rendered with in tests: every fact that they use, with what it may be."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import jinja2
import jinja2.meta
import jinja2.nodes

from bot.checks.spf.left_out import LeftOutReason
from bot.records.mail_apps import load_apps
from bot.words import shipped_templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.errors import Fact

EN = shipped_templates() / "en"

# What a fact may be, by its name. A text that a template compares is each of these, and another.
SOME = ("a.example", "b.example", "c.example", "d.example", "e.example", "f.example")
_LISTS: dict[str, tuple[Fact, ...]] = {
    "sends_on": (SOME[:1], SOME[:2]),
    "names": (SOME[:1], SOME[:2], SOME),
    "others": (SOME[:1], SOME[:3]),
    "shorts": (("@",), ("@", "_dmarc"), SOME[:1]),
    "targets": (SOME[:1], SOME[:2]),
    "addresses": (SOME[:1], SOME[:2]),
    "allowed": ((), SOME[:1], SOME[:2]),
    "left_out": ((), SOME[:5]),
    "left_out_bare": ((), SOME[:1], SOME[:2]),
    **{
        f"left_out_{reason}": (SOME[: 1 + number % 2],)
        for number, reason in enumerate(LeftOutReason)
        if reason is not LeftOutReason.BARE
    },
    "kept": ((), SOME[:1], SOME[:2], SOME[:5]),
    "ports": (SOME[:1], SOME[:2]),
    "void_names": (SOME[:1], SOME[:2]),
    "terms": (SOME[:1], SOME[:2]),
    "tags": (SOME[:1], SOME[:3]),
    "servers": (SOME[:2],),
    "behind": ((), SOME[:1], SOME[:2]),
    "odd": ((), SOME[:1], SOME[:2]),
    "says": (SOME[:2], ("", "x.example")),
    "only_above": ((), SOME[:1], SOME[:2]),
    "only_own": (SOME[:1], SOME[:2]),
    "beside": ((), SOME[:1], SOME[:2], SOME[:5]),
    "tails": (SOME[:1], SOME[:2], SOME[:5]),
    "providers": ((), SOME[:1], SOME[:2]),
    "there": (SOME[:1], SOME[:2]),
    "typed_at": ((), SOME[:2]),
    "parts": (SOME[:1],),
    "controlled": (SOME[:1], SOME[:2]),
    "since": (("1796000000", "1796000000"),),
    "titles": (SOME[:1], SOME[:2]),
    "good": ((), SOME[:1], SOME[:2]),
    "logins": (("PLAIN",), ("PLAIN", "LOGIN")),
}
_TEXTS: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("parent", "suggestion", "replacement"), ("", "x.example")),
    **dict.fromkeys(("detail", "server", "contact", "alias"), ("", "x.example")),
    "told": ("", "imap.old.example:993"),
    "network": ("", "192.0.2.0/24"),
    **dict.fromkeys(("type", "ending", "address"), (None, "x.example")),
    "button": ("", "Check the proof"),
    **dict.fromkeys(("webmail_url", "password_url"), ("", "https://mx1.cow.example/")),
    "policy": ("", "quarantine", "reject"),
    "changed": ("", "body"),
    "said": ("", "554 no"),
}
_NUMBERS: dict[str, tuple[Fact, ...]] = {
    "count": (1, 2, 7),
    **dict.fromkeys(("until", "keep_until"), (None, 1_796_000_000)),
    **dict.fromkeys(("kept_count", "left_out_count"), (7,)),
    "more": (0, 2),
    "unlisted": (0, 1, 7),
    "bits": (512, 1024, 2048),
    "cut_at": (None, 254),
    "have": (255, 390),
    "want": (None, 392),
    **dict.fromkeys(("priority", "ours", "position", "lookups", "limit"), (10,)),
    **dict.fromkeys(("questions", "bytes"), (30,)),
    "share": (1, 5),
    "voids": (0, 1, 2),
    "version": (4, 6),
    "percent": (12, 100),
    "void_limit": (2,),
    "days": (1, 7),
    "status": (404,),
    "characters": (10_000,),
    "seconds": (1, 3600),
    "due": (None, 1_796_000_000),
    **dict.fromkeys(("checks", "requests", "domains", "decisions", "waiting"), (1, 2)),
    **dict.fromkeys(("still_open", "ended"), (1,)),
    **dict.fromkeys(("ends", "at", "began", "right_at"), (1_796_000_000,)),
    **dict.fromkeys(("tests", "sent"), (0, 2)),
    "month": (30,),
    "news_days": (30,),
    "next_at": (None, 1_796_000_000),
    **dict.fromkeys(("looked", "total"), (1, 2)),
    **dict.fromkeys(("watched", "awaited", "news", "open_ones"), (0, 2)),
    **dict.fromkeys(("proofs", "unnamed"), (0, 2)),
    "rotations": (0, 1, 2),
}
_FLAGS = (
    *(
        "certain",
        "former",
        "optional",
        "typed_above",
        "below",
        "circle",
        "cut",
        "dated",
        "dead",
        "dnssec",
        "equal",
        "has_dkim",
        "is_example",
        "keeps",
        "known",
        "moved",
        "named",
        "switch",
        "changing",
        "usual",
        "only",
    ),
    *(
        "like_ours",
        "neutral",
        "nowhere",
        "over_limit",
        "ours_there",
        "own",
        "pieces",
        "pop",
        "published",
    ),
    *("passes_dmarc", "ready", "relaxed", "repeat", "right"),
    *("gives_way", "elsewhere"),
    *("late", "unasked", "unknown", "website"),
    *("enforced", "everywhere", "over", "proven", "registry"),
    *("alone", "guarded", "masked", "reads", "refused", "unseen"),
    *("apart", "goes", "holds", "offered", "stays"),
    *("by_spf", "foreign", "from_host", "valid"),
    *("admin_told", "brief", "left", "member", "mine"),
)
_FACTS = {**_LISTS, **_TEXTS, **_NUMBERS, **dict.fromkeys(_FLAGS, (True, False))}
_MAILS: dict[str, dict[str, tuple[Fact, ...]]] = {
    **{
        f"findings/mail-{kind}": {"address": ("", "192.0.2.1")}
        for kind in ("forwarded", "other-server")
    },
    "findings/mail-spf-fail": {"address": ("192.0.2.1",)},
    **{f"findings/mail-spf-{kind}": {"domain": ("", "x.example")} for kind in ("none", "unknown")},
    "findings/mail-key-weak": {"bits": (512,)},
    "findings/mail-signature-odd": {"what": ("", "b")},
}
_PORTS: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("imap_port", "smtp_port"), (993,)),
    **dict.fromkeys(("imap_security", "smtp_security"), (("SSL/TLS",),)),
}
_DAYS: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("at", "began", "ended", "known"), (1_796_000_000,)),
    **dict.fromkeys(("own", "just_now", "cut", "unknown"), (True, False)),
    "calm": ("", "Webmail, Autoconfig"),
}
_ROTATION: dict[str, tuple[Fact, ...]] = {
    **dict.fromkeys(("due", "caches", "stays"), (None, 1_796_000_000)),
    **dict.fromkeys(
        ("by_hand", "everywhere", "unsure", "probe", "looked", "lacking"), (True, False)
    ),
    "button": ("Switch now",),
    "details": ("Details",),
    "again": ("Check again",),
    "keeps": (None, 3600),
    "servers": (SOME[:1], SOME[:2], SOME[:3]),
    "total": (0, 1, 3),
    "have": (0, 1, 3),
    "count": (1, 3),
    "most": (20,),
    **dict.fromkeys(("begun", "left"), (0, 1, 7)),
    **dict.fromkeys(("bits", "days"), (2048,)),
}
_OWN: dict[str, dict[str, tuple[Fact, ...]]] = {  # where a fact is not the same everywhere
    **{
        app.template: {**_PORTS, **{name: (menu,) for name, menu in app.words.items()}}
        for app in load_apps()
    },
    **{
        f"findings/server-ptr-{kind}": {"address": ("192.0.2.1",), "astray": ((), SOME[:1])}
        for kind in ("missing", "unconfirmed", "several", "generic", "other-name")
    },
    **{
        f"discord/{name}": {"kind": ("dkim", "dmarc", "maildomain", "webmail")}
        for name in (
            *("member_accepted", "member_live"),
            *("request_by_hand", "request_intro"),
        )
    },
    # It sets `part` itself for what it includes.
    "discord/member_next": {"kind": ("dkim", "dmarc", "maildomain", "webmail"), "part": ("",)},
    "discord/port": {
        "before": ("", "PLAIN"),
        "tls": ("not-tried", "works", "old", "not-offered"),
        "version": ("", "TLSv1.3"),
        "took": (0, 48),
        "certificate": (
            "",
            "valid",
            "expired",
            "not-yet",
            "other-name",
            "self-signed",
            "untrusted",
        ),
    },
    "findings/server-spf-many-lookups": {"left": (0, 2)},
    "findings/server-tls-failed": {"version": ("", "TLSv1.2")},
    "findings/server-port-one-address": {"address": ("192.0.2.1",)},
    "findings/server-tls-old": {"version": ("TLSv1",)},
    "findings/server-cert-other-name": {"names": ((), SOME[:1], SOME[:2])},
    **{
        f"findings/{name}-wrong": {
            "encryption": ("", "STARTTLS"),
            "name": ("", f"{name}.friend.example"),
            "ours": ("mx1.cow.example:993",),
            "told": ("imap.old.example:143",),
        }
        for name in ("autoconfig", "autodiscover")
    },
    **_MAILS,
    **{
        f"discord/{path.stem}": _ROTATION
        for path in sorted((EN / "discord").glob("rotation*.j2"))
        if path.stem != "rotations_head"
    },
    "discord/rotations_head": {
        **dict.fromkeys(("open_ones", "due"), (0, 1, 7)),
        "known": (True, False),
    },
    "findings/dmarc-before-dkim": {"policy": ("quarantine", "reject")},
    "history/parts": {
        **dict.fromkeys(("new", "gone"), ((), SOME[:1], SOME[:3])),
        **dict.fromkeys(("now", "was"), (SOME[:3],)),
        **dict.fromkeys(("more_new", "more_gone", "more_changed"), (0, 7)),
        "what": ("", "MX"),
    },
    "history/since": {"what": ("MX",), "state": ("broken",), "before": ("", "right"), **_DAYS},
    **{f"history/{name}": _DAYS for name in ("changed", "quiet", "picture", "head")},
    "history/lane": {
        "what": ("MX",),
        "states": (("right",), ("right", "broken", "right", "broken")),
        "until": (("1796000000",) * 4,),
        "more": (0, 1, 7),
    },
    "discord/history_foot": {**_DAYS, "days": (400,)},
    "history/name_servers": dict.fromkeys(("new", "gone"), (SOME[:1], SOME[:3])),
    "history/status": {
        "what": ("MX",),
        **dict.fromkeys(("was", "now"), ("", "warn", "fail")),
        **dict.fromkeys(("before", "state"), ("right", "broken")),
    },
    "notes/dmarc-stricter-than-handed-out": {"have": ("reject",), "want": ("none",)},
    "watch/incident_head": {"count": (1, 2)},
    "watch/server_head": {"count": (1, 2)},
    "watch/incident_since": {"status": ("broken", "at risk")},
    "watch/incident_foot": {"member": (True, False)},
    "watch/incident_calm": {"relapses": (0, 1, 3)},
    "watch/digest_head": {"count": (0, 1, 2), "total": (0, 1, 12)},
    "console/restore_in_use": {"users": (SOME[:1], SOME[:2]), "more": (0, 3)},
    "console/moved": {
        "rows": (0, 1, 12),
        "tables": (1, 19),
        "seconds": (0, 7),
        "hidden": (True, False),
    },
    "doctor/watch-late": {"late": (3600, 90_000)},
    "doctor/watch-in-time": {"late": (0, 120)},
    "doctor/server-reached": {"tls": ("", "TLSv1.3"), "here": (True, False)},
    "doctor/server-clock": {"off": ("3 s",), "ahead": (True, False)},
    "doctor/server-connections": {"count": (1, 3), "needed": (33,), "room": (20,)},
    "doctor/processes-led": {
        "led": (90, 90_000, None),
        "others": ((), SOME[:1], SOME[:2]),
        "more": (0, 3),
    },
    "doctor/processes-leaderless": {
        "others": ((), SOME[:1], SOME[:2]),
        "more": (0, 3),
        "waits": (True, False),
    },
    "doctor/key-changes-right": {"made": (True, False), "searched": (True, False)},
    "doctor/keys-left": {"count": (1, 2, 9), "copies": (SOME[:1], SOME[:2], SOME[:3])},
    "doctor/watch-right": {"total": (0, 1, 12), "broken": (0, 1, 3)},
    "watch/digest_foot": {"count": (0, 1, 7)},
    "watch/digest_unknown": {"known": (None, 1_796_000_000)},
    "watch/digest_line": {"since": (None, 1_796_000_000), "check": (None, "MX")},
    "watch/subject": {"domain": ("", "x.example"), "other": ("", "ü.example")},
    "discord/testmail_send": {"domain": ("", "x.example")},
    "discord/request_mail_risk": {"policy": ("p=quarantine", "p=reject")},
    "errors/mailcow-address-refused": {"address": ("192.0.2.1",)},
    "findings/dmarc-missing": {"target": ("", "x.example")},
    "findings/dkim-key-mismatch": {"position": (0, 45)},
    "findings/dkim-syntax": {"want": (392,)},
    "findings/domain-not-found": {"zone": (None, "x.example")},
    "findings/spf-include-missing": {"target": ("", "x.example")},
    "findings/spf-no-all": {"term": ("", "x.example")},
    "findings/ns-disagree": {"type": ("TXT",)},
    "findings/wildcard-record": {"type": ("MX",)},
    "findings/dnssec-expiring": {"type": ("TXT",), "until": (1_796_000_000,)},
    "findings/propagating": {"type": ("TXT",)},
    "findings/propagating-negative": {"type": ("TXT",)},
    "notes/cached-old": {"type": ("TXT",)},
    "notes/dmarc-inherited": {"parent": ("x.example",), "policy": ("reject",)},
    "notes/dmarc-weaker-than-handed-out": {"have": ("quarantine",), "want": ("reject",)},
}
_COMPARED = re.compile(r"\b(\w+) (?:==|in|not in) (\"[^\"]*\"|\([^)]*\))")
_ENVIRONMENT = jinja2.Environment(autoescape=False)  # noqa: S701 - only parses


def templates(folder: str) -> list[str]:
    return sorted(f"{folder}/{path.stem}" for path in (EN / folder).glob("*.j2"))


def sources(template: str) -> Iterator[str]:
    """Give the source of a template and of those that it includes."""
    source = (EN / f"{template}.j2").read_text(encoding="utf-8")
    yield source
    for name in jinja2.meta.find_referenced_templates(_ENVIRONMENT.parse(source)):
        if name is not None:
            yield from sources(name.removeprefix("en/").removesuffix(".j2"))
        else:  # it is put together, which is done for the words of each kind of requests alone
            yield from (text for each in templates("requests") for text in sources(each))


def choices(template: str) -> dict[str, list[Fact]]:
    """Return every fact that a template uses, with what it may be."""
    texts = list(sources(template))
    used = (_ENVIRONMENT.parse(text).find_all(jinja2.nodes.Name) for text in texts)
    names = {node.name for nodes in used for node in nodes}
    compared: dict[str, set[str]] = {}
    for name, values in (pair for text in texts for pair in _COMPARED.findall(text)):
        compared.setdefault(name, set()).update(re.findall(r"\"([^\"]*)\"", values))
    facts = {**_FACTS, **_OWN.get(template, {})}
    return {
        name: list(facts.get(name, (*sorted(compared.get(name, ())), "x.example")))
        for name in sorted(names)
    }


def combinations(template: str) -> Iterator[Mapping[str, Fact]]:
    options = choices(template)
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))
