"""Writes mail settings, and the steps of an app, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bot.records.client_settings import ADVICE
from bot.records.mail_apps import load_apps

if TYPE_CHECKING:
    from bot.records.client_settings import ClientSettings
    from bot.records.mail_apps import MailApp
    from bot.words import Words

SCHEMA: Final = 1


def settings_as_json(settings: ClientSettings, app: MailApp | None, words: Words) -> str:
    """Return one line of JSON in ASCII: the settings, the apps that there are steps for, and one's.

    Nothing in it drives a terminal or runs from right to left.
    """
    row: dict[str, Any] = {
        "schema": SCHEMA,
        "service": settings.name,
        "about": settings.about,
        "user_name": settings.user_name,
        "is_example": settings.is_example,
        "host": settings.host,
        "services": [
            {
                "protocol": service.protocol.value,
                "direction": service.direction.value,
                "host": service.host,
                "port": service.port,
                "security": service.security.value,
                "preferred": service.preferred,
            }
            for service in settings.services
        ],
        "webmail_url": settings.webmail_url,
        "password_url": settings.password_url,
        "own_page": settings.own_page,
        "contact": settings.contact,
        "advice": [said for t in ADVICE if (said := words.sentence(t, settings.facts))],
        "apps": [_describe(each) for each in load_apps()],
    }
    if app is not None:
        facts = {**settings.facts, **app.about}
        warned = ("setup/cloud",) if "cloud" in app.notes else ()
        row["app"] = {
            **_describe(app),
            "steps": list(words.lines(app.template, app.facts(settings))),
            "remarks": [words.sentence(t, facts) for t in (*warned, *app.remarks(settings))],
        }
    return json.dumps(row)


def _describe(app: MailApp) -> dict[str, str]:
    return {
        "key": app.key,
        "name": app.name,
        "version": app.version,
        "date": app.date.isoformat(),
    }
