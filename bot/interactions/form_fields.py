"""What somebody wrote into a form, as Discord sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import discord


def read_fields(interaction: discord.Interaction[Any]) -> Mapping[str, str]:
    """Return the texts of a form by the ids of its fields; empty where it is no form."""
    data: Mapping[str, Any] = interaction.data or {}
    return {
        str(part.get("custom_id")): str(part["value"])
        for part in _walk(data.get("components", ()))
        if isinstance(part.get("value"), str)
    }


def _walk(components: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield component
        yield from _walk(component.get("components", ()))
        if inner := component.get("component"):  # what stands below a label
            yield from _walk((inner,))
