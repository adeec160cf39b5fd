"""What a mail server sees of the double's keys in Redis: each write by itself, in PHP's order."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.demo.mailcow_double.mailcow_state import MailcowState
from bot.demo.mailcow_double.mailcow_writes import write


@dataclass
class Commands:
    """A Redis that keeps the commands it was given, and nothing else."""

    given: list[str] = field(default_factory=list)

    def put(self, table: str, name: str, _value: str, /) -> None:
        self.given.append(f"HSET {table} {name}")

    def drop(self, table: str, name: str, /) -> None:
        self.given.append(f"HDEL {table} {name}")


async def test_a_key_is_made_copied_and_deleted_selector_before_private_key() -> None:
    redis = Commands()
    cow = MailcowState(redis=redis)
    cow.add_domain("a.test")
    made = {"domains": "a.test", "dkim_selector": "old", "key_size": "1024"}
    await write(cow, "add", ["dkim"], made)
    await write(cow, "add", ["dkim_duplicate"], {"from_domain": "a.test", "to_domain": "b.test"})
    await write(cow, "delete", ["dkim"], ["a.test"])
    assert redis.given == [
        "HSET DKIM_PUB_KEYS a.test",
        "HSET DKIM_SELECTORS a.test",
        "HSET DKIM_PRIV_KEYS old.a.test",
        "HSET DKIM_PUB_KEYS b.test",
        "HSET DKIM_SELECTORS b.test",
        "HSET DKIM_PRIV_KEYS old.b.test",
        "HDEL DKIM_PUB_KEYS a.test",
        "HDEL DKIM_PRIV_KEYS old.a.test",
        "HDEL DKIM_SELECTORS a.test",
    ]


async def test_a_key_that_is_copied_over_another_leaves_the_other_private_key_there() -> None:
    redis = Commands()
    cow = MailcowState(redis=redis)
    for name, selector in (("a.test", "old"), ("b.test", "new")):
        cow.add_domain(name)
        made = {"domains": name, "dkim_selector": selector, "key_size": "1024"}
        await write(cow, "add", ["dkim"], made)
    await write(cow, "add", ["dkim_duplicate"], {"from_domain": "b.test", "to_domain": "a.test"})
    assert "HSET DKIM_PRIV_KEYS new.a.test" in redis.given
    assert not [command for command in redis.given if command.startswith("HDEL")]
