"""Finds what keeps the files of PROFILE_CERT and PROFILE_KEY from signing Apple profiles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.records.profile_signature import ProfileSigner

if TYPE_CHECKING:
    from collections.abc import Mapping

CERTIFICATE, KEY = "PROFILE_CERT", "PROFILE_KEY"


def find_signing_faults(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the two files, by variable; nothing where not both are set.

    That a certificate has ended is no fault of what is set, and so none that stops the start.
    """
    if CERTIFICATE not in given or KEY not in given:
        return {}
    signer = ProfileSigner(Path(given[CERTIFICATE]), Path(given[KEY]))
    return {
        KEY if fault.is_key else CERTIFICATE: str(fault)
        for fault in signer.faults()
        if not fault.is_of_time
    }
