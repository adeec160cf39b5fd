"""Finds variables that need another one beside them, which is not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What each of these needs beside it, all of it.
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "MAILCOW_API_KEY": ("MAILCOW_URL",),
    "MAILCOW_READ_KEY": ("MAILCOW_URL",),
    "PROBE_ADDRESS": ("PROBE_IMAP_URL",),
    "PROBE_IMAP_URL": ("PROBE_ADDRESS", "PROBE_IMAP_PASSWORD"),
    "PROBE_IMAP_PASSWORD": ("PROBE_IMAP_URL",),
    "PROBE_SMTP_URL": ("PROBE_ADDRESS",),
    "PROBE_SMTP_PASSWORD": ("PROBE_SMTP_URL",),
    "PROFILE_CERT": ("PROFILE_KEY",),
    "PROFILE_KEY": ("PROFILE_CERT",),
}


def find_lonely(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by variable where one is set without what it needs beside it.

    Mailcow's address needs either of its keys.
    """
    needs = dict(_NEEDS)
    if "@" in given.get("PROBE_SMTP_URL", ""):  # who logs in has a password
        needs["PROBE_SMTP_URL"] += ("PROBE_SMTP_PASSWORD",)
    lonely = {}
    for name, others in needs.items():
        missing = [other for other in others if other not in given]
        if name in given and missing:
            lonely[name] = f"It needs {' and '.join(missing)} beside it."
    if "MAILCOW_URL" in given and not given.keys() & {"MAILCOW_API_KEY", "MAILCOW_READ_KEY"}:
        lonely["MAILCOW_URL"] = "It needs MAILCOW_API_KEY or MAILCOW_READ_KEY beside it."
    return lonely
