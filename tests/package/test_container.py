"""The Dockerfile and the compose file, as far as they can be read without an engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import yaml

from installed_package import ROOT, copied_into_image, health_check, instructions

IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _given(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def _last_stage() -> list[tuple[str, str]]:
    steps = instructions()
    return steps[max(place for place, (name, _) in enumerate(steps) if name == "FROM") :]


def test_all_that_the_image_copies_is_in_git_and_reaches_the_engine() -> None:
    copied = copied_into_image()
    assert {"requirements.txt", "bot", "cogs", "templates"} <= set(copied)
    for source in copied:
        listed = subprocess.run(
            ["git", "ls-files", source], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert listed.stdout, source
        assert f"!{source}" in IGNORED
    assert {line.removeprefix("!") for line in IGNORED if line.startswith("!")} == set(copied)


def test_secrets_and_data_of_the_checkout_do_not_reach_the_engine() -> None:
    patterns = [line for line in IGNORED if not line.startswith("#")]
    assert patterns[0] == "*"
    assert not any(word in " ".join(patterns) for word in (".env", "data", ".git"))


def test_the_image_runs_the_bot_as_a_user_without_rights_and_a_name() -> None:
    steps = dict(_last_stage())
    assert re.fullmatch(r"[1-9][0-9]{4}:[1-9][0-9]{4}", steps["USER"])
    assert (json.loads(steps["ENTRYPOINT"]), json.loads(steps["CMD"])) == (["cowbell"], ["run"])
    assert [name for name, _ in _last_stage()].index("USER") > [
        name for name, _ in _last_stage()
    ].index("COPY")
    assert f"-o {steps['USER'].split(':')[0]} " in steps["RUN"]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_says_what_the_bot_says(status: int, *, healthy: bool) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert (_check_health(str(server.server_port)) == 0) is healthy
        server.shutdown()


def test_the_health_check_fails_where_nobody_answers_and_passes_where_it_is_turned_off() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = str(server.server_port)
    assert _check_health(port) == 1
    assert _check_health("") == 0


def _check_health(port: str) -> int:
    return subprocess.run(
        health_check(sys.executable),
        env={"PATH": os.environ["PATH"], "HEALTH_PORT": port},
        capture_output=True,
        timeout=30,
        check=False,
    ).returncode


def test_a_worker_as_the_document_has_it_is_confined_like_the_bot() -> None:
    text = (ROOT / "docs" / "deploy" / "docker-compose.override.yml").read_text(encoding="utf-8")
    document = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    more = document.partition("```yaml\n")[2].partition("```")[0]
    text = text.replace("  cowbell:\n", "  cowbell: &cowbell\n").replace(
        "\nvolumes:", f"{more}\nvolumes:"
    )
    services: Any = yaml.safe_load(text)["services"]
    bot, worker = services["cowbell"], services["cowbell-work"]
    assert {key for key in worker if worker[key] != bot.get(key)} == {"command", "networks"}
    assert bot.keys() <= worker.keys()


def test_the_compose_file_gives_the_container_no_rights_and_one_place_to_write() -> None:
    path = ROOT / "docs" / "deploy" / "docker-compose.override.yml"
    compose: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    service = compose["services"]["cowbell"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "pids_limit", "tmpfs"} <= set(service)
    assert not {"ports", "privileged", "cap_add", "network_mode"} & set(service)
    assert int(service["stop_grace_period"].removesuffix("s")) > 10
    # The volume lies where the image has its data, and is declared.
    ((volume, place),) = (each.split(":") for each in service["volumes"])
    assert volume in compose["volumes"]
    assert _given("VOLUME") == [place]
    # It joins Mailcow's network and makes none of its own.
    assert list(service["networks"]) == ["mailcow-network"]
    assert "networks" not in compose
