"""What the double knows: domains, keys, mailboxes and templates, as Mailcow's SQL and Redis do."""

from __future__ import annotations

import base64
from collections import Counter, deque
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.demo.mailcow_double.php_answers import SECRET_IN_LOG
from bot.demo.mailcow_double.redis_hashes import RedisHashes, public_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Mapping

_MIB = 2**20
# What a new Mailcow gives a domain for which nothing else is said; sizes are in octets.
DEFAULT_LIMITS = {
    "max_num_aliases_for_domain": 400,
    "max_num_mboxes_for_domain": 10,
    "def_quota_for_mbox": 3072 * _MIB,
    "max_quota_for_mbox": 10240 * _MIB,
    "max_quota_for_domain": 10240 * _MIB,
}


@dataclass(frozen=True)
class DkimPair:
    """A key pair; both halves as Mailcow keeps them in Redis."""

    selector: str
    public: str
    private: str  # PEM; empty where mail would go out unsigned

    @classmethod
    def make(cls, selector: str, bits: int = 2048) -> DkimPair:
        """Return a new pair."""
        key = rsa.generate_private_key(65537, bits)
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return cls(selector, base64.b64encode(public).decode(), private.decode())


class DkimTable(MutableMapping[str, DkimPair]):
    """The keys in Redis by domain, whether there is a row of that domain or not.

    A key that is set here is written at once and as a whole, as by somebody else; `hashes` has how
    Mailcow itself writes.
    """

    def __init__(self, pairs: Mapping[str, DkimPair] | None = None) -> None:
        self.hashes = RedisHashes()
        self.update(pairs or {})

    def __getitem__(self, name: str) -> DkimPair:
        public = self.hashes.public[name]
        private = self.hashes.private_of(name)
        return DkimPair(self.hashes.selectors.get(name, ""), public, private)

    def __setitem__(self, name: str, pair: DkimPair) -> None:
        self.hashes.public[name] = pair.public
        self.hashes.selectors[name] = pair.selector
        self.hashes.private[f"{pair.selector}.{name}"] = pair.private

    def __delitem__(self, name: str) -> None:
        del self.hashes.public[name]
        self.hashes.private.pop(f"{self.hashes.selectors.pop(name, '')}.{name}", None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.hashes.public)

    def __len__(self) -> int:
        return len(self.hashes.public)

    def __repr__(self) -> str:
        return f"<DKIM keys of {', '.join(self)}>"  # and no private ones

    def signing(self, name: str) -> DkimPair | None:
        """Return what rspamd signs a domain's mail with right now; None: it leaves unsigned.

        It takes the selector, and the private key of that selector and domain; the public key that
        Mailcow shows may be another.
        """
        private = self.hashes.private_of(name)
        public = public_of(private)
        return DkimPair(self.hashes.selectors[name], public, private) if public else None


@dataclass(kw_only=True)
class MailcowState:
    """What there is, and how it behaves; tests change its fields."""

    domains: dict[str, dict[str, Any]] = field(default_factory=dict)
    alias_domains: dict[str, str] = field(default_factory=dict)  # the target by the alias
    inactive_aliases: set[str] = field(default_factory=set)
    dkim: DkimTable = field(default_factory=DkimTable)  # with no row of the domain, too
    mailboxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    default_template: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    domain_map: set[str] = field(default_factory=set)  # in Redis; of domains that were added
    hostname: str = "mx1.cow.example"
    version: str = "2026-07a"

    shows_private_keys: bool = False  # SHOW_DKIM_PRIV_KEYS of its configuration
    splits_txt: bool = False
    redis_refuses_writes: bool = False
    throws: set[str] = field(default_factory=set)  # routes whose PHP throws an exception
    add_delay: float = 0.0  # seconds between "is there one?" and storing a new DKIM key
    held: asyncio.Event | None = None  # a key that is asked for now is not stored before it is set
    ready_keys: deque[DkimPair] = field(default_factory=deque)  # handed out before new ones
    prepared: dict[str, DkimPair] = field(default_factory=dict)  # by domain, for the one made

    keys_made: Counter[str] = field(default_factory=Counter)
    sogo_restarts: int = 0
    sessions: int = 0  # each call leaves one in Redis

    @property
    def loses_redis(self) -> bool:
        """Whether the connection is lost before a private key is written, after all else."""
        return self.dkim.hashes.loses_private

    @loses_redis.setter
    def loses_redis(self, value: bool) -> None:
        self.dkim.hashes.loses_private = value

    def add_domain(self, name: str, *, active: object = 1, **more: Any) -> None:
        """Have it take mail for a domain."""
        row = {"domain_name": name, "domain_h_name": name, "active": active}
        self.domains[name] = {**row, **self.default_template, **more}

    def add_alias_domain(self, name: str, target: str, *, active: bool = True) -> None:
        """Have it take mail for a domain as if it were sent to another one."""
        self.alias_domains[name] = target
        (self.inactive_aliases.discard if active else self.inactive_aliases.add)(name)

    def add_mailbox(self, address: str, *, active: object = 1) -> None:
        """Have it hold a mailbox."""
        domain = address.rpartition("@")[2]
        self.mailboxes[address] = {"username": address, "domain": domain, "active": active}

    def knows(self, name: str) -> bool:
        """Whether there is a domain or an alias domain of this name."""
        return name in self.domains or name in self.alias_domains

    def private_secrets(self) -> tuple[str, ...]:
        """Return everything of its keys and its log that must never show up anywhere."""
        private = [text for text in self.dkim.hashes.private.values() if text]
        lines = [line for text in private for line in text.splitlines()[1:-1]]
        encoded = [base64.b64encode(text.encode()).decode() for text in private]
        return (SECRET_IN_LOG, *lines, *encoded)


def fold(name: str) -> str:
    """Return a name as Mailcow looks for domains: lower case and ASCII; as it is if it is none."""
    try:
        return name.lower().encode("idna").decode()  # of 2003, with which "ß" is "ss"
    except UnicodeError:
        return name
