"""What an admin is told when Mailcow says no: one or two sentences that name the remedy."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import MailcowError, MailcowRefused, MailcowUnclear, MailcowUnreachable

if TYPE_CHECKING:
    from bot.mailcow.parse import Entry

_ADDRESS = re.compile(r"access denied for ip ([0-9A-Fa-f.:]{2,45})")

LOOK_AT_URL = "Look whether MAILCOW_URL is the address of Mailcow's start page."

_REFUSALS = {
    "access_denied": (
        "Mailcow does not know {about}, or saw no key in my request. Add the domain in Mailcow "
        "first; if it is there, look whether a proxy takes the header X-API-Key away."
    ),
    "dkim_domain_or_sel_invalid": (
        "Mailcow makes no DKIM key for {about}, but does not say whether it dislikes the domain, "
        "the selector or the size. Look at DKIM_SELECTOR, or make the key in Mailcow by hand."
    ),
    "domain_exists": (
        "Mailcow has {about} already, perhaps as an alias domain. Look at it in Mailcow under "
        "E-Mail, Configuration."
    ),
    "domain_invalid": (
        "Mailcow takes {about} for no domain. Look whether it is spelt right, or try adding it in "
        "Mailcow by hand."
    ),
    "domain_cannot_match_hostname": (
        "{about} is the host name of Mailcow itself, which cannot be a mail domain there. Use "
        "the domain above it."
    ),
    "defquota_empty": "The usual size of a mailbox is 0. Give the new domain other limits.",
    "maxquota_empty": "The largest size of a mailbox is 0. Give the new domain other limits.",
    "mailbox_defquota_exceeds_mailbox_maxquota": (
        "The usual size of a mailbox is above its largest one. Give the new domain other limits."
    ),
    "mailbox_quota_exceeds_domain_quota": (
        "One mailbox may be larger than the whole domain. Give the new domain other limits."
    ),
    "redis_error": (
        "Mailcow could not reach its Redis. Look at the container redis-mailcow, then retry."
    ),
    "Cannot find attributes in post data": (
        "Mailcow found nothing in my request. Look whether a proxy before it changes the content "
        "type application/json."
    ),
}


def refuse(entry: Entry, about: str) -> MailcowRefused:
    """Return what to say of a refusal; `about` is the domain or whatever was asked for."""
    sentence = _REFUSALS.get(entry.code)
    if sentence is None:
        said = f' "{echo(entry.code)}"' if entry.code else " no, without a reason"
        sentence = "Mailcow says{said} about {about}. Look into its log, under System, Logs."
        return MailcowRefused(entry.code or "unknown", sentence.format(said=said, about=about))
    return MailcowRefused(entry.code, sentence.format(about=about))


def explain_401(said: str, variable: str) -> str:
    """Return why Mailcow let us not in, from what it said and the variable of the key."""
    found = _ADDRESS.search(said)
    try:
        address = str(ip_address(found[1])) if found else ""
    except ValueError:
        address = ""
    if address:
        return (
            f"Mailcow does not let the address {address} use its API. Put it on the list of "
            "allowed addresses in Mailcow's API settings, then retry."
        )
    if "authentication failed" not in said:
        return (
            f"Mailcow, or a proxy before it, wants another login than the key in {variable}. Look "
            "whether a proxy protects /api/ with a password, then retry."
        )
    return (
        f"Mailcow refuses the key in {variable}. Look in Mailcow's API settings whether this key "
        "is there and active, then retry."
    )


def is_address_refused(said: str) -> bool:
    """Whether a 401 is for our address, whichever key we send."""
    return "access denied for ip" in said


def no_answer(what: str, remedy: str, *, writing: bool) -> MailcowError:
    """Return what to say where no answer came: of a write nobody knows whether it happened."""
    if writing:
        return MailcowUnclear(
            f"{what}, so nobody knows whether it did what I asked. Retry in a minute: I look "
            "first and do nothing twice."
        )
    return MailcowUnreachable(f"{what}. {remedy}")


def no_sense(what: str, remedy: str, *, writing: bool) -> MailcowError:
    """Return what to say where an answer says nothing."""
    if writing:
        return no_answer(what, remedy, writing=True)
    return MailcowUnclear(f"{what}. {remedy}")
