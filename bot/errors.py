"""Every exception of our own, and how they hang together.

    CowbellError
    ├── ConfigError      the environment holds wrong values; one line a fault
    ├── InvalidName      what was typed is no mail domain or mail address
    ├── InvalidKey       what was given as DKIM value is none
    ├── UsageError       a command was called in a way that means nothing
    ├── TextError        a template does not fit what it is given
    ├── StoreError       the database cannot be used
    ├── DiscordUnreachable  no answer from Discord at the start
    ├── RequestError     a request cannot be made or decided like this
    └── MailcowError     Mailcow did not tell or do what it was asked
        ├── MailcowUnreachable  no answer: not there, too slow, a part of it is down
        ├── MailcowLocked       it refuses a key or our address; not called again until an admin
        │                       says so
        ├── MailcowRefused      it, or we before asking it, said no; the same again is in vain
        └── MailcowUnclear      an answer that says nothing, or a write that may have happened

A DNS outcome is never an exception: see `bot.dns.answer`. The text of each of these is one or two
sentences for the person who caused it: what is wrong, what was expected, an example.
"""

from __future__ import annotations

Fact = str | int | bool | None | tuple[str, ...]
"""What a sentence may be told: text from zones and people among it, which stays data."""


class CowbellError(Exception):
    """Something that we expect to go wrong; `Words.error` has the sentence for people."""


class CodedError(CowbellError):
    """A code and the facts that its words need, as a finding has them.

    The sentence is `templates/<language>/errors/<code>.j2`; `str` gives the code and the facts, for
    the log.
    """

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

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


class MailcowError(CowbellError):
    """Mailcow did not tell or do what it was asked; the text is for the admin, with a remedy.

    It never holds a key, a private key or what a server wrote into `log`.
    """


class MailcowUnreachable(MailcowError):  # noqa: N818 - as above
    """Mailcow gave no answer, and nothing was changed there: trying again later may help."""


class MailcowLocked(MailcowError):  # noqa: N818 - as above
    """Mailcow refused a key or our address (401); it is not called again until an admin says so.

    Each refusal counts for its fail2ban, which would ban us for half an hour.
    """


class MailcowRefused(MailcowError):  # noqa: N818 - as above
    """Mailcow said no, or was not asked since it would; the same again is in vain.

    `code` is Mailcow's own (`domain_exists`, with underscores) or one of ours (`read-only-key`,
    with hyphens).
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class MailcowUnclear(MailcowError):  # noqa: N818 - as above
    """Mailcow's answer says nothing, or nobody knows whether it did what it was asked.

    Trying again is safe: whoever writes looks first.
    """


class TextError(CowbellError):
    """A template does not fit what it is given: an own one from TEMPLATES_DIR, mostly."""


class RequestError(CowbellError):
    """A request cannot be made, decided or withdrawn in this way."""
