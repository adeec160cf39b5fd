"""Finds the example's mail server in a copy of `.env.example`: it is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

# What no two operators have in common, with what to write instead of the example.
_OF_ONES_OWN: Final = {
    "MAIL_HOST": ("write the host name of your own mail server.", "mail.example.org"),
    "MAIL_SPF": (
        "write the SPF value that names your own mail server.",
        "v=spf1 a:mail.example.org -all",
    ),
}


def find_example_values(
    file: Path, environ: Mapping[str, str], examples: Mapping[str, Collection[str]]
) -> list[str]:
    """Return a line for each variable in which a file of variables still has the example.

    The environment goes before the file, so what stands there is not looked at. The file can be
    read, and no line holds a value of it.
    """
    values = dotenv_values(file, encoding="utf-8", interpolate=False)
    found = []
    for name, (remedy, instead) in _OF_ONES_OWN.items():
        value = (values.get(name) or "").strip().rstrip(".").lower()
        if name not in environ and value in examples[name]:
            found.append(f"{name}: It is still the example's: {remedy} Example: {name}={instead}")
    return found
