"""What the operator is told when PostgreSQL refuses: the cause and the remedy, by its SQLSTATE."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from bot.errors import StoreError

if TYPE_CHECKING:
    from bot.store.engine.url import Address

_AWAY = "The {place} is not answering ({detail}); look at the server, and try again in a minute."
_POOLER = (
    "The {place} is behind a connection pooler ({detail}), which keeps no session; name the "
    "PostgreSQL server itself in {called}."
)
_SIGNS = "The {place} cannot keep a text that has signs of no meaning in it; it was not stored."

# The meanings: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: Final = {
    "28P01": (  # invalid_password
        "The {place} refuses the login ({detail}); correct user and password in {called}."
    ),
    "28000": (  # invalid_authorization_specification
        "The {place} lets this user not in from here ({detail}); correct the user in {called}, or "
        "let it in by the server's pg_hba.conf, which may ask for TLS too."
    ),
    "3D000": (  # invalid_catalog_name
        "The {place} does not exist; make it (createdb), or name another one in {called}."
    ),
    "42501": (  # insufficient_privilege
        "The {place} does not let us do what is needed ({detail}); make the user of {called} "
        "the owner of the database."
    ),
    "3F000": (  # invalid_schema_name
        "The {place} has no schema public; have its owner make it there: CREATE SCHEMA public"
    ),
    "53100": "The disk has no room left for the {place}; make room. Nothing was half written.",
    "53300": (  # too_many_connections
        "The {place} has no connection left; raise max_connections there, or run fewer processes."
    ),
    "25006": (  # read_only_sql_transaction
        "The {place} is a copy that can only be read; name the primary server in {called}."
    ),
    # serialization_failure and deadlock_detected, once it was tried often enough
    "40001": "The {place} had too much to do at once; try again in a minute.",
    "40P01": "The {place} had too much to do at once; try again in a minute.",
    "57014": "The {place} did not get round to this in time; try again in a minute.",
    "55P03": "The {place} did not get round to this in time; try again in a minute.",
    "08P01": _POOLER,  # protocol_violation: what PgBouncer says of settings that it does not keep
    "26000": _POOLER,  # invalid_sql_statement_name: it was prepared in another session
    "42P05": _POOLER,  # duplicate_prepared_statement: by whoever had the session before
    # character_not_in_repertoire, and the driver's word for what it cannot encode: U+0000, or half
    # of a character. What it says has the text itself in it.
    "22021": _SIGNS,
    "22000": _SIGNS,
}
# Whole classes: connection exceptions, and a server that starts, stops or was made to.
_AWAY_CLASSES: Final = ("08", "57")

_NO_TLS: Final = "rejected SSL upgrade"  # how asyncpg says it
_CERTIFICATES: Final = {  # https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
    10: "its certificate has ended; have the server get a new one.",
    18: "it made its certificate by itself; name that as sslrootcert in {called}.",
    19: "no authority that is known made its certificate; name its own as sslrootcert in {called}.",
    20: "no authority that is known made its certificate; name its own as sslrootcert in {called}.",
    62: "its certificate is for another name; write in {called} the host that it names.",
    64: "its certificate is for another address; write in {called} the host that it names.",
}


def explain_state(state: str, detail: str, address: Address) -> StoreError | None:
    """The sentence for an SQLSTATE; None for one that has none of its own."""
    sentence = _BY_STATE.get(state) or (_AWAY if state.startswith(_AWAY_CLASSES) else None)
    if sentence is None:
        return None
    return StoreError(sentence.format(place=address, detail=detail, called=address.called))


def explain_pooler(detail: str, address: Address) -> StoreError:
    """The sentence for a way to the server on which transactions share sessions."""
    return StoreError(_POOLER.format(place=address, detail=detail, called=address.called))


def explain_away(detail: str, address: Address, error: BaseException | None = None) -> StoreError:
    """The sentence for a server that cannot be reached, or whose connection was lost or unsafe."""
    if isinstance(error, ssl.SSLError):
        return _explain_tls(error, address)
    if _NO_TLS in detail:
        return StoreError(
            f"The {address} has no TLS, and {address.called} demands it by sslmode; switch it on "
            "in the server (ssl = on). Nothing was sent without."
        )
    return StoreError(_AWAY.format(place=address, detail=detail or "no answer in time"))


def _explain_tls(error: ssl.SSLError, address: Address) -> StoreError:
    if not isinstance(error, ssl.SSLCertVerificationError):
        said = (error.reason or "the handshake failed").lower().replace("_", " ")
        return StoreError(
            f"The {address} and Cowbell found no TLS in common ({said}); look at the server's "
            "settings of ssl."
        )
    sentence = _CERTIFICATES.get(
        error.verify_code, "its certificate is not to be trusted ({said}); look at the server."
    )
    why = sentence.format(called=address.called, said=error.verify_message)
    return StoreError(f"The {address} could be anybody's: {why}")
