"""Owner names as octets: what questions and the tables of answers are compared and found by.

A name of dnspython works its hash out and compares its labels each time that it is looked up, in
Python; octets do so once, in C. `owner_of` and `name_of` lead from one form to the other and back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

import dns.name

# Wire form in lower case without compression (RFC 1035 section 3.1, RFC 4343): of an absolute name.
Owner: TypeAlias = bytes
AnyName: TypeAlias = str | dns.name.Name | Owner

ROOT: Final[Owner] = b"\0"
LONGEST_NAME: Final = 255  # octets (RFC 1035 section 2.3.4)
_SIZES: Final = tuple(bytes((size,)) for size in range(64))  # of labels, as octets
_KEPT: Final = 4096  # names of each form that are remembered; a check meets some 60


def owner_of(name: AnyName) -> Owner:
    """Return the octets of a name: a text is made absolute, octets are an owner already.

    Raises dns.exception.DNSException where a text is no name, and dns.name.NeedAbsoluteNameOrOrigin
    for a relative name.
    """
    if isinstance(name, bytes):
        return name
    if isinstance(name, str):
        name = dns.name.from_text(name)
    return owner_of_labels(name.labels)


@lru_cache(maxsize=_KEPT)
def owner_of_labels(labels: tuple[bytes, ...]) -> Owner:
    """Return the octets of the labels of a name.

    Raises dns.name.NeedAbsoluteNameOrOrigin where the last one is not the root's.
    """
    if not labels or labels[-1]:
        raise dns.name.NeedAbsoluteNameOrOrigin
    # No number of octets is that of a letter, so all can be put into lower case at once.
    return b"".join([_SIZES[len(label)] + label for label in labels]).lower()


@lru_cache(maxsize=_KEPT)
def name_of(owner: Owner) -> dns.name.Name:
    """Return the name of an owner; the same object each time for a while.

    Octets that are not in lower case give a name that is not either.
    """
    labels = []
    at = 0
    while size := owner[at]:
        at += 1 + size
        labels.append(owner[at - size : at])
    # The octets were read from a message or made of a name, and are sound: none of what dnspython
    # would make sure of once more can fail.
    name = dns.name.Name.__new__(dns.name.Name)
    object.__setattr__(name, "labels", (*labels, b""))
    return name


def is_within(owner: Owner, zone: Owner) -> bool:
    """Return whether an owner is that of the zone or one below it."""
    above = len(owner) - len(zone)
    at = 0
    while at < above:
        at += owner[at] + 1
    return at == above and owner.endswith(zone)
