"""Whose header lines count in a mail at the probe mailbox, and whether it left the mail host."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dns.name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX

from bot.names import Domain

if TYPE_CHECKING:
    from bot.dns.answer import Ask

_MOST_HOSTS: Final = 8


@dataclass(frozen=True, slots=True)
class MailReceiver:
    """The receiver of test mails.

    `domains` are those of the address, of its MX hosts and of the host that is read. `is_foreign`
    unless one of these is the mail host itself, by name or by address.
    """

    domains: tuple[Domain, ...]
    is_foreign: bool


async def find_receiver(
    ask: Ask, address: Domain, read_at: str, mail_host: dns.name.Name
) -> MailReceiver:
    """Return who receives mail for a domain, read at a host (in ASCII); never raises."""
    answer = await ask(address.name, RdataType.MX)
    exchanges = [rdata.exchange for rdata in answer.rdatas if isinstance(rdata, MX)]
    hosts = [*exchanges[:_MOST_HOSTS], _name_of(read_at)]
    known = [host for host in hosts if host is not None]
    ours, *theirs = await asyncio.gather(
        *(_addresses(ask, host) for host in (mail_host, *(known or [address.name])))
    )
    is_same = mail_host in known or any(ours & addresses for addresses in theirs)
    domains = (domain for host in known if (domain := _domain_of(host)) is not None)
    return MailReceiver(tuple(dict.fromkeys((address, *domains))), not is_same)


async def _addresses(ask: Ask, host: dns.name.Name) -> frozenset[str]:
    answers = await asyncio.gather(*(ask(host, t) for t in (RdataType.A, RdataType.AAAA)))
    return frozenset(address for answer in answers for address in answer.addresses())


def _name_of(host: str) -> dns.name.Name | None:
    domain = _domain_of(dns.name.from_text(host))
    return None if domain is None else domain.name


def _domain_of(name: dns.name.Name) -> Domain | None:
    try:
        return Domain.from_ascii(name.to_text(omit_final_dot=True).lower())
    except ValueError:  # a name of one label, an address, or none
        return None
