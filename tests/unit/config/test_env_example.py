from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bot.config.loading import load_settings
from bot.config.settings import Settings
from bot.errors import ConfigError
from signing_files import make_signing_files

if TYPE_CHECKING:
    from pathlib import Path

_VARIABLE = re.compile(r"(?P<off>#?)(?P<name>[A-Z][A-Z_]*)=(?P<value>.*)")


@pytest.fixture
def example(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / ".env.example"


def _variables(example: Path) -> list[re.Match[str]]:
    lines = example.read_text(encoding="utf-8").splitlines()
    return [found for line in lines if (found := _VARIABLE.fullmatch(line))]


def test_every_field_is_there_in_its_order(example: Path) -> None:
    names = [found["name"] for found in _variables(example)]
    assert names == [field.upper() for field in Settings.model_fields]


def test_only_the_required_ones_are_set(example: Path) -> None:
    set_ones = {found["name"] for found in _variables(example) if not found["off"]}
    required = {name.upper() for name, f in Settings.model_fields.items() if f.is_required()}
    assert set_ones == required


def test_every_variable_has_a_comment_above_it(example: Path) -> None:
    lines = example.read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if _VARIABLE.fullmatch(line):
            assert before.startswith("# "), line


def test_every_optional_variable_says_its_default(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    for paragraph in text.split("\n\n"):
        found = _VARIABLE.search(paragraph.splitlines()[-1])
        if found and found["off"] and found["name"] != "DISCORD_TOKEN":
            assert "Default:" in paragraph, found["name"]
            default = Settings.model_fields[found["name"].lower()].default
            if isinstance(default, str | int) and default != "":
                shown = str(default).lower() if isinstance(default, bool) else str(default)
                assert f"Default: {shown}\n" in paragraph, found["name"]


def test_the_examples_are_those_of_the_fields(example: Path) -> None:
    for found in _variables(example):
        assert Settings.model_fields[found["name"].lower()].examples == [found["value"]]


NEW = {"MAIL_HOST": "mail.friends.example", "MAIL_SPF": "v=spf1 mx -all"}
OWN = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 include:_spf.cow.example -all"}


def test_the_example_is_refused_as_it_is(example: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({}, example)
    host, spf = caught.value.faults
    assert host.startswith("MAIL_HOST: It is still the example's: write the host name")
    assert spf.startswith("MAIL_SPF: It is still the example's: write the SPF value")
    for fault in (host, spf):
        assert "cow.example" not in fault.partition("Example: ")[2]


def test_what_the_environment_says_is_taken_whatever_it_is(example: Path) -> None:
    settings = load_settings(OWN, example)
    assert settings.mail_host.ascii == "mx1.cow.example"
    assert settings.mail_spf == "v=spf1 include:_spf.cow.example -all"
    assert settings.dmarc_record == "v=DMARC1; p=reject; sp=reject"


@pytest.mark.parametrize("name", OWN)
def test_each_of_the_two_has_to_be_changed(example: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / ".env"
    text = example.read_text(encoding="utf-8").replace(f"{name}={OWN[name]}", f"{name}={NEW[name]}")
    copy.write_text(f"{text}\nDNS_PORT=x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings({}, copy)
    (other,) = OWN.keys() - {name}
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [other, "DNS_PORT"]


def test_an_example_in_other_letters_or_with_quotes_is_one_too(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text('MAIL_HOST="MX1.Cow.Example."\nMAIL_SPF=v=spf1 mx -all\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="still the example's"):
        load_settings({}, copy)


def test_a_copy_with_a_mail_server_of_its_own_loads(example: Path, tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    text = example.read_text(encoding="utf-8")
    for name, value in NEW.items():
        text = text.replace(f"{name}={OWN[name]}", f"{name}={value}")
    copy.write_text(text, encoding="utf-8")
    assert load_settings({}, copy).mail_host.ascii == "mail.friends.example"


def test_it_loads_with_every_example_in_force(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "templates").mkdir(parents=True)
    files = make_signing_files(tmp_path)
    files.certificate.rename(tmp_path / "data" / "profile.pem")
    files.key.rename(tmp_path / "data" / "profile-key.pem")
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / ".env"
    text = example.read_text(encoding="utf-8")
    copy.write_text(re.sub(r"(?m)^#(?=[A-Z_]+=)", "", text), encoding="utf-8")
    settings = load_settings(OWN, copy)
    assert settings.model_fields_set == set(Settings.model_fields)
    assert settings.mail_pop is False
    assert settings.admin_user_ids == (100000000000000003, 100000000000000004)
    assert [str(server) for server in settings.dns_servers] == ["9.9.9.9:53", "127.0.0.1:5353"]
    assert str(settings.templates_dir) == "data/templates"
