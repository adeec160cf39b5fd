"""PROFILE_CERT and PROFILE_KEY at the start: both or none, and able to sign; one line a fault."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.config.loading import load_settings
from bot.doctor.line_words import say
from bot.doctor.profile_signing import check_signing
from bot.errors import ConfigError
from bot.words import Words
from signing_files import make_signing_files

if TYPE_CHECKING:
    from pathlib import Path

    from signing_files import SigningFiles

REQUIRED = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 include:_spf.cow.example -all"}


@pytest.fixture
def files(tmp_path: Path) -> SigningFiles:
    return make_signing_files(tmp_path)


def fault(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(REQUIRED | environ)
    (line,) = caught.value.faults
    return line


def test_profiles_are_unsigned_where_nothing_is_set() -> None:
    assert load_settings(REQUIRED).profile_signer() is None


def test_both_files_sign(files: SigningFiles) -> None:
    paths = {"PROFILE_CERT": str(files.certificate), "PROFILE_KEY": str(files.key)}
    signer = load_settings(REQUIRED | paths).profile_signer()
    assert signer is not None
    assert b"<plist/>" in signer.sign(b"<plist/>")


@pytest.mark.parametrize(
    ("name", "other"), [("PROFILE_CERT", "PROFILE_KEY"), ("PROFILE_KEY", "PROFILE_CERT")]
)
def test_one_without_the_other_stops_the_start(name: str, other: str) -> None:
    assert fault(**{name: "x.pem"}).startswith(f"{name}: It needs {other} beside it. Example: ")


def test_a_file_that_is_not_there_stops_the_start(files: SigningFiles) -> None:
    line = fault(PROFILE_CERT="gone.pem", PROFILE_KEY=str(files.key))
    assert line.startswith("PROFILE_CERT: The file cannot be read (No such file or directory).")


def test_a_key_of_something_else_stops_the_start(files: SigningFiles, tmp_path: Path) -> None:
    other = make_signing_files(tmp_path, name="other")
    line = fault(PROFILE_CERT=str(files.certificate), PROFILE_KEY=str(other.key))
    assert line.startswith("PROFILE_KEY: This is not the key of the certificate.")


def test_a_bot_starts_again_after_its_certificate_has_ended(tmp_path: Path) -> None:
    old = make_signing_files(tmp_path, ends_in=timedelta(days=-1))
    paths = {"PROFILE_CERT": str(old.certificate), "PROFILE_KEY": str(old.key)}
    settings = load_settings(REQUIRED | paths)
    (line,) = check_signing(settings)
    assert "unsigned. The certificate has ended on " in say(line, Words()).sentence


def test_a_certificate_that_signs_is_nothing_to_say(files: SigningFiles) -> None:
    paths = {"PROFILE_CERT": str(files.certificate), "PROFILE_KEY": str(files.key)}
    assert check_signing(load_settings(REQUIRED | paths)) == ()
    assert check_signing(load_settings(REQUIRED)) == ()


def test_no_line_repeats_what_a_key_file_holds(files: SigningFiles) -> None:
    text = files.key.read_text(encoding="utf-8")
    files.key.write_text(text.replace("KEY-----", "KEY----"), encoding="utf-8")
    line = fault(PROFILE_CERT=str(files.certificate), PROFILE_KEY=str(files.key))
    assert line.startswith("PROFILE_KEY: The file holds no private key in PEM form.")
    assert not any(part in line for part in text.splitlines()[1:-1])
