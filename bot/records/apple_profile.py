"""Makes the configuration profile that sets up a mail account on an iPhone, an iPad or a Mac.

The keys are those of Apple's Device Management documentation: TopLevel, CommonPayloadKeys and Mail
(https://github.com/apple/device-management, mdm/profiles).
"""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_DNS, UUID, uuid5

from bot.records.client_settings import Protocol

if TYPE_CHECKING:
    from bot.records.client_settings import ClientSettings

ENDING: Final = ".mobileconfig"  # by which the devices know such a file


def build_profile(settings: ClientSettings, *, title: str, description: str) -> bytes:
    """Return the profile of one address as an XML property list; it holds no password.

    The device asks for the password once, and uses it for reading and for sending. `title` names
    the account in the profile, `description` says what it does. The same address on the same
    server always has the same identifiers, so that a newer profile takes the place of the older.

    Raises:
        ValueError: the settings are an example, and no one's.

    """
    if settings.is_example:
        raise ValueError("a profile is for a whole address")
    reading, sending = settings.of(Protocol.IMAP)[0], settings.of(Protocol.SMTP)[0]
    identifier, own_id = _identify(settings)
    account = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.account",
        "PayloadUUID": _write(uuid5(own_id, "account")),
        "PayloadDisplayName": title,
        "PayloadDescription": description,
        "PayloadOrganization": settings.name,
        "EmailAccountDescription": settings.user_name,  # the account's name in the Mail app
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": settings.user_name,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": reading.host,
        "IncomingMailServerPortNumber": reading.port,
        "IncomingMailServerUseSSL": True,  # at a port of STARTTLS, too
        "IncomingMailServerUsername": settings.user_name,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": sending.host,
        "OutgoingMailServerPortNumber": sending.port,
        "OutgoingMailServerUseSSL": True,  # as above
        "OutgoingMailServerUsername": settings.user_name,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _write(own_id),
        "PayloadDisplayName": settings.name,
        "PayloadDescription": description,
        "PayloadOrganization": settings.name,
        "PayloadContent": [account],
    }
    return plistlib.dumps(profile, sort_keys=False)


def _identify(settings: ClientSettings) -> tuple[str, UUID]:
    """Return the name that a profile has on a device, in reverse DNS style, and its UUID."""
    own_id = uuid5(uuid5(NAMESPACE_DNS, settings.host), settings.user_name.casefold())
    return f"{'.'.join(reversed(settings.host.split('.')))}.mail.{own_id}", own_id


def _write(identifier: UUID) -> str:
    return str(identifier).upper()
