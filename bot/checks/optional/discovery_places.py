"""Where mail programs ask for their settings, in their order, and what came back from there.

Thunderbird asks autoconfig.<domain>, then the domain's own web server, over HTTPS and then without
(draft-ietf-mailmaint-autoconfig). Outlook asks the domain's own web server, then
autodiscover.<domain>, then for a redirect there without TLS, then what the SRV record names
(MS-OXDISCO); other programs begin with autodiscover.<domain>. What programs ask of third parties,
Mozilla's database and Microsoft's own service, is nothing that a domain publishes: they are not
asked. Nor is what they ask at the domain of the MX: it is ours, and the same for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dns.rdtypes.IN.SRV import SRV

from bot.checks.finding import Check
from bot.net.page import FetchOutcome

if TYPE_CHECKING:
    import dns.name

    from bot.checks.optional.mail_config import MailConfig
    from bot.dns.answer import Answer
    from bot.names import Domain

XML_PATH: Final = "/autodiscover/autodiscover.xml"
_LOCAL_PART: Final = "cowbell-check"  # made up, so that it is nobody's address
_FILE: Final = "/mail/config-v1.1.xml"
_WELL_KNOWN: Final = f"/.well-known/autoconfig{_FILE}"
OWN_PATHS: Final = frozenset({XML_PATH, _FILE, _WELL_KNOWN})  # in lower case
_HTTPS: Final = 443
_ANSWERED: Final = frozenset(
    {FetchOutcome.PAGE, FetchOutcome.STATUS, FetchOutcome.REDIRECT, FetchOutcome.TOO_BIG}
)
_REFUSED: Final = frozenset({FetchOutcome.OTHER_NAME, FetchOutcome.INVALID})


@dataclass(frozen=True, slots=True)
class DiscoveryPlace:
    """One address that programs ask: `owner` is the name whose records lead there."""

    check: Check
    owner: dns.name.Name
    host: dns.name.Name
    path: str
    query: str = ""
    plain: bool = False

    @property
    def url(self) -> str:
        """The address as people write it, without its query."""
        return url_of(self.host, self.path, plain=self.plain)


@dataclass(frozen=True, slots=True)
class DiscoveryAnswer:
    """What came back from a place, after its redirects.

    `ours`: it came from the mail server itself. `config` is None where no settings were named:
    there is no such page, a login is wanted first, or it could not be found out.
    """

    place: DiscoveryPlace
    reached: FetchOutcome
    ours: bool = False
    config: MailConfig | None = None

    @property
    def arrived(self) -> bool:
        """Whether a web server answered, over TLS with a valid certificate unless it is plain."""
        return self.reached in _ANSWERED

    @property
    def refused(self) -> bool:
        """Whether a certificate was shown that no program takes for the name."""
        return self.reached in _REFUSED


def url_of(host: dns.name.Name, path: str, *, plain: bool) -> str:
    """Return the address of a path at a host, over HTTPS or without TLS."""
    return f"{'http' if plain else 'https'}://{host.to_text(omit_final_dot=True).lower()}{path}"


def made_up_address(domain: Domain) -> str:
    """Return the mail address that is asked for: nobody's."""
    return f"{_LOCAL_PART}@{domain.ascii}"


def request_for(address: str) -> str:
    """Return what Outlook sends to ask for the settings of an address."""
    schemas = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{schemas}/requestschema/2006"><Request>'
        f"<EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schemas}/responseschema/2006a</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    )


def json_path(address: str) -> str:
    """Return the path by which phones ask for the server of ActiveSync (version 2)."""
    return f"/autodiscover/autodiscover.json?Email={_quote(address)}&Protocol=ActiveSync"


def autoconfig_places(domain: Domain) -> list[DiscoveryPlace]:
    """Return where Thunderbird asks, in its order."""
    query = f"?emailaddress={_quote(made_up_address(domain))}"
    name = domain.below(Check.AUTOCONFIG.value)
    at = [] if name is None else [(name, _FILE)]
    at.append((domain.name, _WELL_KNOWN))
    return [
        DiscoveryPlace(Check.AUTOCONFIG, host, host, path, query, plain=plain)
        for plain in (False, True)
        for host, path in at
    ]


def autodiscover_places(domain: Domain) -> list[DiscoveryPlace]:
    """Return where Outlook asks without an SRV record, in its order."""
    check, name = Check.AUTODISCOVER, domain.below(Check.AUTODISCOVER.value)
    places = [DiscoveryPlace(check, domain.name, domain.name, XML_PATH)]
    if name is not None:
        places.append(DiscoveryPlace(check, name, name, XML_PATH))
        places.append(DiscoveryPlace(check, name, name, XML_PATH, plain=True))
    return places


def srv_place(answer: Answer) -> DiscoveryPlace | None:
    """Return where Outlook asks by an SRV record; None where it names no web server."""
    named = [r for r in answer.in_order().rdatas if isinstance(r, SRV) and r.port == _HTTPS]
    if not named or len(named[0].target) <= 1:  # the root: there is no such service
        return None
    return DiscoveryPlace(Check.AUTODISCOVER, answer.question.name, named[0].target, XML_PATH)


def _quote(address: str) -> str:
    return address.replace("@", "%40")
