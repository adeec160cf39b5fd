"""What the operator is told when PostgreSQL refuses: the cause and the remedy, by its SQLSTATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import StoreError

if TYPE_CHECKING:
    from bot.store.engine.url import Address

_AWAY = "The {place} is not answering ({detail}); look at the server, and try again in a minute."
_LOGIN = "The {place} refuses the login ({detail}); correct user and password in DATABASE_URL."

# The meanings: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: Final = {
    "28P01": _LOGIN,  # invalid_password
    "28000": _LOGIN,  # invalid_authorization_specification
    "3D000": (  # invalid_catalog_name
        "The {place} does not exist; make it (createdb), or name another one in DATABASE_URL."
    ),
    "42501": (  # insufficient_privilege
        "The {place} does not let us do what is needed ({detail}); make the user of DATABASE_URL "
        "the owner of the database."
    ),
    "53100": "The disk has no room left for the {place}; make room. Nothing was half written.",
    "53300": (  # too_many_connections
        "The {place} has no connection left; raise max_connections there, or run fewer processes."
    ),
    "25006": (  # read_only_sql_transaction
        "The {place} is a copy that can only be read; name the primary server in DATABASE_URL."
    ),
    "57014": "The {place} did not get round to this in time; try again in a minute.",
    "55P03": "The {place} did not get round to this in time; try again in a minute.",
}
# Whole classes: connection exceptions, and a server that starts, stops or was made to.
_AWAY_CLASSES: Final = ("08", "57")


def explain_state(state: str, detail: str, address: Address) -> StoreError | None:
    """The sentence for an SQLSTATE; None for one that has none of its own."""
    if state in _BY_STATE:
        return StoreError(_BY_STATE[state].format(place=address, detail=detail))
    if state.startswith(_AWAY_CLASSES):
        return StoreError(_AWAY.format(place=address, detail=detail))
    return None


def explain_away(detail: str, address: Address) -> StoreError:
    """The sentence for a server that cannot be reached, or whose connection was lost."""
    return StoreError(_AWAY.format(place=address, detail=detail))
