"""What clients of ours demand of TLS and of a certificate, the same with every Python.

From 3.13 on, Python itself demands the form of RFC 5280 to the letter (VERIFY_X509_STRICT), such as
an Authority Key Identifier. Browsers and the mail servers that fetch an MTA-STS policy do not: a
certificate without one works for them, so to call it invalid would be wrong.
"""

from __future__ import annotations

import ssl
from functools import cache

# A certificate in the list of trusted ones is trusted, be it a root or an authority below one
# (PARTIAL_CHAIN), and that list is looked at before what the server sends (TRUSTED_FIRST).
DEMANDS = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST


@cache
def client_context(authorities: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts these authorities (PEM), or else those of the system.

    The name is checked too. The first call reads the authorities, which takes some 20 ms.
    """
    context = ssl.create_default_context(cadata=authorities)
    context.verify_flags = DEMANDS
    return context


@cache
def program_context(authorities: str | None = None) -> ssl.SSLContext:
    """Return what `client_context` does, to judge a certificate as the programs of today do.

    These look for the name among the alternative names alone, whatever the subject is called
    (RFC 9525 section 2). What the operator's own parts connect to may have an older certificate.
    """
    return _as_programs(authorities)


@cache
def web_context() -> ssl.SSLContext:
    """Return what `program_context` does, for the web servers that strangers' names lead to.

    It is without the finite-field Diffie-Hellman of TLS 1.2, as in browsers: the server chooses
    the size of its numbers there, and one handshake with large ones takes most of a second.
    """
    context = _as_programs()
    taken = (c["name"] for c in context.get_ciphers() if c["kea"] not in {"kx-dhe", "kx-any"})
    context.set_ciphers(":".join(taken))  # those of TLS 1.3 are not chosen by it
    return context


@cache
def old_context(authorities: str | None = None) -> ssl.SSLContext:
    """Return what `program_context` does, but for every version of TLS and every cipher.

    It is for finding out what a server can that today's programs do not speak to (RFC 8996).
    """
    return _with_all_versions(_as_programs(authorities))


@cache
def unverified_context() -> ssl.SSLContext:
    """Return a context for every version of TLS that takes any certificate, to look at it.

    Whatever is said over such a connection is no secret, and proves nothing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _with_all_versions(context)


def _as_programs(authorities: str | None = None) -> ssl.SSLContext:
    """Return a new context that judges a certificate as the programs of today do."""
    context = ssl.create_default_context(cadata=authorities)
    context.verify_flags = DEMANDS
    context.hostname_checks_common_name = False
    return context


def _with_all_versions(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
