"""Web proxies, which take web traffic alone: told by the names and addresses that lead to them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from bot.dns.owner_name import owner_of
from bot.records.providers import find_provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

# The endings of the names that content delivery networks and web application firewalls hand out.
_ENDINGS: Final = frozenset(
    owner_of(text)
    for text in (
        "akamai.net",
        "akamaiedge.net",
        "azureedge.net",
        "azurefd.net",
        "b-cdn.net",
        "cdn77.org",
        "cloudflare.net",
        "cloudfront.net",
        "edgekey.net",
        "edgesuite.net",
        "fastly.net",
        "fastlylb.net",
        "gcdn.co",
        "impervadns.net",
        "incapdns.net",
        "netlify.app",
        "sucuri.net",
        "trafficmanager.net",
        "vercel-dns.com",
    )
)
_LABELS: Final = frozenset({b"cdn", b"waf"})  # of names that say it themselves
# Cloudflare's own list of its proxies' addresses (cloudflare.com/ips).
_NETWORKS: Final = tuple(
    ip_network(text)
    for text in (
        "103.21.244.0/22",
        "103.22.200.0/22",
        "103.31.4.0/22",
        "104.16.0.0/13",
        "104.24.0.0/14",
        "108.162.192.0/18",
        "131.0.72.0/22",
        "141.101.64.0/18",
        "162.158.0.0/15",
        "172.64.0.0/13",
        "173.245.48.0/20",
        "188.114.96.0/20",
        "190.93.240.0/20",
        "197.234.240.0/22",
        "198.41.128.0/17",
        "2400:cb00::/32",
        "2405:8100::/32",
        "2405:b500::/32",
        "2606:4700::/32",
        "2803:f800::/32",
        "2a06:98c0::/29",
        "2c0f:f248::/32",
    )
)


def is_proxy(chain: Iterable[dns.name.Name], addresses: Iterable[str]) -> bool:
    """Whether a name whose aliases are `chain` and that has these addresses is a web proxy's.

    A name without any of these signs may still be one; nobody can tell then.
    """
    return any(map(_is_proxy_name, chain)) or any(map(_is_proxy_address, addresses))


def has_proxy_switch(name_servers: Iterable[str]) -> bool | None:
    """Whether a proxy's address is put in by the DNS provider itself, at a switch beside a record.

    Its page then shows the record behind the proxy and never that address. None for a provider that
    is not known: there it may be so, or somebody typed the address.
    """
    provider = find_provider(name_servers).provider
    if provider.proxy:
        return True
    return False if provider.is_known else None


def _is_proxy_name(name: dns.name.Name) -> bool:
    if any(label.lower() in _LABELS for label in name.labels):
        return True
    owner, at = owner_of(name), 0
    while owner[at]:
        if owner[at:] in _ENDINGS:
            return True
        at += 1 + owner[at]
    return False


def _is_proxy_address(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _NETWORKS if network.version == address.version)
