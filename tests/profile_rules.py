"""What Apple's documentation asks of a configuration profile with a mail account in it.

From https://github.com/apple/device-management, mdm/profiles: TopLevel.yaml, CommonPayloadKeys.yaml
and com.apple.mail.managed.yaml, of which the keys that a profile of ours could have are here.
"""

from __future__ import annotations

import plistlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What one key may be: its type, whether it has to be there, and its only values."""

    kind: type
    required: bool = False
    values: tuple[object, ...] = ()


_COMMON = {
    "PayloadIdentifier": KeyRule(str, required=True),
    "PayloadUUID": KeyRule(str, required=True),
    "PayloadType": KeyRule(str, required=True),
    "PayloadVersion": KeyRule(int, required=True, values=(1,)),
    "PayloadDescription": KeyRule(str),
    "PayloadDisplayName": KeyRule(str),
    "PayloadOrganization": KeyRule(str),
}
TOP_LEVEL = {
    **_COMMON,
    "PayloadType": KeyRule(str, required=True, values=("Configuration",)),
    "PayloadContent": KeyRule(list, required=True),
    "PayloadRemovalDisallowed": KeyRule(bool),
    "PayloadScope": KeyRule(str, values=("System", "User")),
    "TargetDeviceType": KeyRule(int, values=(0, 1, 2, 3, 4, 5)),
}
_LOGINS = (
    *("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5"),
    *("EmailAuthNTLM", "EmailAuthHTTPMD5"),
)
MAIL = {
    **_COMMON,
    "PayloadType": KeyRule(str, required=True, values=("com.apple.mail.managed",)),
    "EmailAccountDescription": KeyRule(str),
    "EmailAccountName": KeyRule(str),
    "EmailAccountType": KeyRule(str, required=True, values=("EmailTypeIMAP", "EmailTypePOP")),
    "EmailAddress": KeyRule(str),
    "IncomingMailServerAuthentication": KeyRule(str, required=True, values=_LOGINS),
    "IncomingMailServerHostName": KeyRule(str, required=True),
    "IncomingMailServerPortNumber": KeyRule(int),
    "IncomingMailServerUseSSL": KeyRule(bool),
    "IncomingMailServerUsername": KeyRule(str),
    "IncomingMailServerIMAPPathPrefix": KeyRule(str),
    "IncomingPassword": KeyRule(str),
    "OutgoingMailServerAuthentication": KeyRule(str, required=True, values=_LOGINS),
    "OutgoingMailServerHostName": KeyRule(str, required=True),
    "OutgoingMailServerPortNumber": KeyRule(int),
    "OutgoingMailServerUseSSL": KeyRule(bool),
    "OutgoingMailServerUsername": KeyRule(str),
    "OutgoingPassword": KeyRule(str),
    "OutgoingPasswordSameAsIncomingPassword": KeyRule(bool),
    "PreventMove": KeyRule(bool),
    "PreventAppSheet": KeyRule(bool),
}
_UUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_REVERSE_DNS = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def find_profile_faults(profile: bytes) -> list[str]:
    """Return what a profile has against the documented rules."""
    read = plistlib.loads(profile)
    if not isinstance(read, dict):
        return ["the profile is no dictionary"]
    faults = [*_check("", read, TOP_LEVEL)]
    content = [item for item in read.get("PayloadContent", ()) if isinstance(item, dict)]
    if not content:
        faults.append("there is no payload")
    for item in content:
        faults += _check("account: ", item, MAIL)
    for key in ("PayloadIdentifier", "PayloadUUID"):
        all_of_key = [payload.get(key) for payload in (read, *content)]
        if len(set(all_of_key)) < len(all_of_key):
            faults.append(f"{key} is not unique")
    return faults


def _check(place: str, found: Mapping[str, Any], rules: Mapping[str, KeyRule]) -> Iterator[str]:
    for key, rule in rules.items():
        if rule.required and key not in found:
            yield f"{place}{key} is missing"
    for key, value in found.items():
        if key not in rules:
            yield f"{place}{key} is not documented"
        elif type(value) is not rules[key].kind:  # a bool would pass as an int
            yield f"{place}{key} is a {type(value).__name__}"
        elif rules[key].values and value not in rules[key].values:
            yield f"{place}{key} is {value!r}"
        elif "password" in key.lower() and rules[key].kind is str:
            yield f"{place}{key}: only for encrypted profiles"
        elif key.endswith("PortNumber") and value not in range(1, 65536):
            yield f"{place}{key} is no port"
    if not _UUID.fullmatch(str(found.get("PayloadUUID"))):
        yield f"{place}PayloadUUID is no UUID"
    if not _REVERSE_DNS.fullmatch(str(found.get("PayloadIdentifier"))):
        yield f"{place}PayloadIdentifier is not in reverse DNS style"
