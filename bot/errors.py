"""Every exception of our own, and how they hang together.

    CowbellError
    ├── ConfigError      the environment holds wrong values; one line a fault
    ├── InvalidName      what was typed is no mail domain or mail address
    ├── InvalidKey       what was given as DKIM value is none
    ├── UsageError       a command was called in a way that means nothing
    ├── TextError        a template does not fit what it is given
    └── StoreError       the database cannot be used

A DNS outcome is never an exception: see `bot.dns.answer`. The text of each of these is one or two
sentences for the person who caused it: what is wrong, what was expected, an example.
"""

from __future__ import annotations


class CowbellError(Exception):
    """Something that we expect to go wrong; its text may be shown to people as it is."""


class ConfigError(CowbellError):
    """The environment holds wrong values.

    `faults` has one line for each of them, naming the variable, what is wrong and an example.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class InvalidName(CowbellError):  # noqa: N818 - read as what was typed, not as an error class
    """What was typed is no mail domain or mail address."""


class InvalidKey(CowbellError):  # noqa: N818 - as above
    """What was given as DKIM value is none, or holds no usable public key."""


class UsageError(CowbellError):
    """A command was called in a way that means nothing."""


class StoreError(CowbellError):
    """The database cannot be opened, read, written or migrated."""


class TextError(CowbellError):
    """A template does not fit what it is given: an own one from TEMPLATES_DIR, mostly."""
