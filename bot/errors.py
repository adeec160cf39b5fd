"""The program's own exceptions, as a tree.

    CowbellError
    ├── ConfigError      the environment holds wrong values; one line a fault
    ├── InvalidName      what was typed is no mail domain or mail address
    ├── InvalidKey       what was given as DKIM value is none
    ├── UsageError       a command was called in a way that means nothing
    ├── TextError        a template does not fit what it is given
    ├── StoreError       the database cannot be used
    ├── DiscordUnreachable  no answer from Discord at the start
    ├── RequestError     a request cannot be made or decided like this
    ├── ProbeError       the mailbox for test mails did not tell or do what it was asked
    └── BackendError     the mail server did not tell or do what it was asked
        ├── BackendUnreachable  no answer: not there, too slow, a part of it is down
        │   └── BackendCallFailed   one call failed there, others are answered
        ├── BackendLocked       it refuses a key or our address; not called again until an admin
        │                       says so
        ├── BackendRefused      it, or we before asking it, said no; the same again is in vain
        ├── BackendKeyFaulty    the key that it has for a domain cannot be used by anybody
        └── BackendUnclear      an answer that says nothing, or a write that may have happened

A DNS outcome is never an exception: see `bot.dns.answer`. The words of each of these are one or
two sentences for the person who caused it: what is wrong, what was expected, an example. Those that
members read have a code and facts, and their words are templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact = str | int | bool | None | tuple[str, ...]
"""What a sentence may be told: text from zones and people among it, which stays data."""


class CowbellError(Exception):
    """An error that the program expects; `Words.error` returns its sentence for people."""


class CodedError(CowbellError):
    """A code and the facts that its words need, as a finding has them.

    The sentence is `templates/<language>/errors/<code>.j2`; `str` gives the code and the facts, for
    the log.
    """

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    @classmethod
    def of(cls, code: str, facts: Mapping[str, Fact]) -> Self:
        """Return an error that was kept as code and facts, or one anew to be raised again."""
        return cls(code, **facts)

    def __str__(self) -> str:
        """Return the code and the facts."""
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code} ({told})" if told else self.code


class ConfigError(CowbellError):
    """The environment holds wrong values.

    `faults` has one line for each of them, naming the variable, what is wrong and an example.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class InvalidName(CodedError):  # noqa: N818 - read as what was typed, not as an error class
    """What was typed is no mail domain or mail address."""


class InvalidKey(CodedError):  # noqa: N818 - as above
    """What was given as DKIM value is none, or holds no usable public key."""


class UsageError(CowbellError):
    """A command was called in a way that means nothing."""


class StoreError(CowbellError):
    """The database cannot be opened, read, written or migrated."""


class DiscordUnreachable(CowbellError):  # noqa: N818 - read as what happened
    """Discord cannot be reached at the start: trying again later may help."""


class BackendError(CodedError):
    """The mail server did not tell or do what it was asked; the words are for the admin.

    The facts never hold a key, a private key or what a server writes into its log.
    """


class BackendUnreachable(BackendError):  # noqa: N818 - as above
    """The mail server gave no answer, and nothing was changed there: trying again may help."""


class BackendCallFailed(BackendUnreachable):
    """One call failed inside the mail server, which answers others: no reason to leave it alone."""


class BackendLocked(BackendError):  # noqa: N818 - as above
    """The mail server refused a key or our address; it is not called until an admin says so.

    Each refusal counts for Mailcow's fail2ban, which would ban us for half an hour.
    """


class BackendRefused(BackendError):  # noqa: N818 - as above
    """The mail server said no, or was not asked since it would; the same again is in vain."""


class BackendKeyFaulty(BackendError):  # noqa: N818 - as above
    """What the mail server has as key of one domain is of no use; of others nothing is said."""


class BackendUnclear(BackendError):  # noqa: N818 - as above
    """The answer says nothing, or nobody knows whether the server did what it was asked.

    Trying again is safe: whoever writes looks first.
    """


class TextError(CowbellError):
    """A template does not fit what it is given: an own one from TEMPLATES_DIR, mostly."""


class RequestError(CodedError):
    """A request cannot be made, decided or withdrawn in this way."""


class ProbeError(CodedError):
    """The mailbox for test mails, or the server for sending, cannot be used; for the admin.

    The facts never hold a password or a mail.
    """
