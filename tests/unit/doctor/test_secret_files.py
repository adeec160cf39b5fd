"""Secret files that others may read, as the doctor says it; over real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.doctor.line_words import say
from bot.doctor.secret_files import check_secret_files
from bot.words import Words
from signing_files import make_signing_files

if TYPE_CHECKING:
    from pathlib import Path

    from bot.config.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in (".env", "data/bot.db", "data/bot.db-wal", "data/bot.db.before-restore-1"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o600)
    (tmp_path / "data" / "notes.txt").touch()
    url = "sqlite+aiosqlite:///data/bot.db"
    return load_settings({**DEMO_ENVIRONMENT, "DATABASE_URL": url})


def test_files_of_the_owner_alone_are_nothing_to_say(settings: Settings) -> None:
    assert check_secret_files(settings) == ()


def test_the_key_that_signs_profiles_is_a_secret_file(settings: Settings, tmp_path: Path) -> None:
    files = make_signing_files(tmp_path)
    files.certificate.chmod(0o644)  # everybody may have it
    signing = settings.model_copy(
        update={"profile_cert": files.certificate, "profile_key": files.key}
    )
    files.key.chmod(0o600)
    assert check_secret_files(signing) == ()
    files.key.chmod(0o644)
    (line,) = check_secret_files(signing)
    assert str(files.key) in say(line, Words()).sentence


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
@pytest.mark.parametrize(
    "name", [".env", "data/bot.db", "data/bot.db-wal", "data/bot.db.before-restore-1"]
)
def test_a_secret_file_that_others_may_read_is_named_with_the_remedy(
    settings: Settings, tmp_path: Path, name: str, mode: int
) -> None:
    (tmp_path / name).chmod(mode)
    (line,) = check_secret_files(settings)
    assert line.status is Status.WARN
    said = say(line, Words())
    assert said.part == "Secret files"
    assert "may read 1 file with secrets" in said.sentence
    assert f"chmod 600 {name}" in said.sentence


def test_a_name_is_quoted_so_that_the_command_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my bot.db").touch(0o644)
    (tmp_path / "my bot.db").chmod(0o644)
    url = "sqlite+aiosqlite:///my bot.db"
    (line,) = check_secret_files(load_settings({**DEMO_ENVIRONMENT, "DATABASE_URL": url}))
    assert "chmod 600 'my bot.db'" in say(line, Words()).sentence


def test_a_server_of_databases_has_no_file_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({**DEMO_ENVIRONMENT, "DATABASE_URL": "postgresql+asyncpg://a/b"})
    assert check_secret_files(settings) == ()
