from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.loading import load_settings
from bot.config.settings import Settings
from bot.dns.server_address import Server
from bot.errors import ConfigError
from bot.names import Domain
from bot.records.mail_server import MailServer

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 include:_spf.cow.example -all"}
VARIABLES = [field.upper() for field in Settings.model_fields]
SECRET = "hunter2-hunter2"


def _load(**environ: str) -> Settings:
    return load_settings(REQUIRED | environ)


def _faults(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def _fault(**environ: str) -> str:
    (fault,) = _faults(REQUIRED | environ)
    return fault


def test_two_variables_are_enough_and_the_rest_has_its_defaults() -> None:
    settings = _load()
    assert settings.mail_host == Domain.from_ascii("mx1.cow.example")
    assert settings.mail_name == "Mailcow"
    assert settings.mail_about.endswith(".")
    assert settings.mail_pop is True
    assert settings.webmail_url == "https://mx1.cow.example/SOGo/"
    assert settings.password_url == "https://mx1.cow.example/"
    assert (settings.mx_priority, settings.record_ttl, settings.dns_port) == (10, 3600, 53)
    assert (settings.webmail_label, settings.dkim_selector) == ("mail", "dkim")
    assert settings.dmarc_record == "v=DMARC1; p=reject; sp=reject"
    assert settings.database_url == "sqlite+aiosqlite:///data/bot.db"
    assert (settings.dns_trust_ad, settings.dns_allow_private) == (False, False)
    assert settings.dns_servers == ()
    assert settings.offer == {"webmail", "autoconfig", "autodiscover"}
    assert settings.admin_user_ids == ()
    assert settings.admin_contact == settings.dmarc_rua == settings.dmarc_ruf == ""
    for field in ("discord_token", "discord_guild_id", "admin_role_id", "request_channel_id"):
        assert getattr(settings, field) is None
    for field in ("mailcow_url", "mailcow_api_key", "mailcow_read_key", "templates_dir"):
        assert getattr(settings, field) is None


def test_every_variable_has_an_example_and_a_required_one_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.examples, name
        assert field.description or not field.is_required(), name


def test_a_name_without_a_value_in_the_file_is_not_set(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MAIL_NAME\nMAIL_HOST=mail.else.example\nMAIL_SPF='v=spf1 mx -all'\n")
    assert load_settings({}, file).mail_name == "Mailcow"


def test_mail_server_has_what_was_configured() -> None:
    settings = _load(
        MAIL_NAME="Cow Mail",
        MAIL_ABOUT="A private mail server in Norway.",
        MAIL_POP="no",
        ADMIN_CONTACT="@admin or admin@cow.example",
        MX_PRIORITY="20",
        RECORD_TTL="300",
        WEBMAIL_LABEL="Webmail",
        DKIM_SELECTOR="mailcow",
        DMARC_RUA="mailto:dmarc@cow.example, mailto:other@cow.example!10m",
        DMARC_RUF="mailto:dmarc@cow.example",
        OFFER="webmail, srv",
    )
    rua = "mailto:dmarc@cow.example,mailto:other@cow.example!10m"
    assert settings.mail_server() == MailServer(
        host=Domain.from_ascii("mx1.cow.example").name,
        spf="v=spf1 include:_spf.cow.example -all",
        dmarc=f"v=DMARC1; p=reject; sp=reject; rua={rua}; ruf=mailto:dmarc@cow.example",
        name="Cow Mail",
        about="A private mail server in Norway.",
        pop=False,
        webmail_url="https://mx1.cow.example/SOGo/",
        password_url="https://mx1.cow.example/",
        admin_contact="@admin or admin@cow.example",
        mx_priority=20,
        record_ttl=300,
        webmail_label="webmail",
        dkim_selector="mailcow",
        dmarc_rua=rua,
        offer=frozenset({"webmail", "srv"}),
    )


def test_report_addresses_of_a_whole_dmarc_value_are_the_servers_too() -> None:
    settings = _load(DMARC_RECORD="v=DMARC1; p=reject; rua=mailto:dmarc@cow.example")
    assert settings.mail_server().dmarc == "v=DMARC1; p=reject; rua=mailto:dmarc@cow.example"
    assert settings.mail_server().dmarc_rua == "mailto:dmarc@cow.example"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("MAIL_HOST", "MX1.Cow.Example.", Domain.from_ascii("mx1.cow.example")),
        ("MAIL_SPF", "v=spf1 mx ~all", "v=spf1 mx ~all"),
        ("MAIL_SPF", "v=spf1 redirect=_spf.cow.example", "v=spf1 redirect=_spf.cow.example"),
        ("MAIL_SPF", "v=spf1 mx -all exp=why.cow.example", "v=spf1 mx -all exp=why.cow.example"),
        ("MAIL_POP", "TRUE", True),
        ("MAIL_POP", "off", False),
        ("WEBMAIL_URL", "https://mail.cow.example/?a=b", "https://mail.cow.example/?a=b"),
        ("WEBMAIL_URL", "http://127.0.0.1:8080/SOGo", "http://127.0.0.1:8080/SOGo"),
        ("PASSWORD_URL", "http://localhost/", "http://localhost/"),
        ("PASSWORD_URL", "http://[::1]/", "http://[::1]/"),
        ("PASSWORD_URL", "https://bücher.example/", "https://bücher.example/"),
        ("ADMIN_CONTACT", "ask 👩\u200d💻", "ask 👩\u200d💻"),
        ("MX_PRIORITY", "0", 0),
        ("MX_PRIORITY", " 65535 ", 65535),
        ("RECORD_TTL", "60", 60),
        ("RECORD_TTL", "604800", 604800),
        ("DKIM_SELECTOR", "2026.Key-1", "2026.key-1"),
        ("DMARC_RUA", "MAILTO:a@COW.example", "mailto:a@cow.example"),
        ("DMARC_RECORD", "v=DMARC1;p=none", "v=DMARC1;p=none"),
        ("DMARC_RECORD", "v=DMARC1; P=Reject; pct=100;", "v=DMARC1; P=Reject; pct=100;"),
        ("DISCORD_GUILD_ID", "100000000000000001", 100000000000000001),
        ("ADMIN_USER_IDS", "100000000000000001, 100000000000000001", (100000000000000001,)),
        ("DATABASE_URL", "postgresql+asyncpg://u:p@db/cow", "postgresql+asyncpg://u:p@db/cow"),
        ("DNS_SERVERS", "[::1]:53, 9.9.9.9,9.9.9.9", (Server("::1", 53), Server("9.9.9.9"))),
        ("DNS_TRUST_AD", "1", True),
        ("DNS_ALLOW_PRIVATE", "yes", True),
        ("DNS_PORT", "5353", 5353),
        ("OFFER", "Webmail,SRV , mta-sts", frozenset({"webmail", "srv", "mta-sts"})),
        ("OFFER", "none", frozenset()),
    ],
)  # fmt: skip
def test_value_is_read(name: str, text: str, value: object) -> None:
    assert getattr(_load(**{name: text}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("MAIL_HOST", "localhost", "single word"),
        ("MAIL_HOST", "192.0.2.1", "IP address"),
        ("MAIL_HOST", "https://mx1.cow.example/", "host name alone"),
        ("MAIL_SPF", '"v=spf1 -all"', "begins with v=spf1"),
        ("MAIL_SPF", "include:_spf.cow.example -all", "begins with v=spf1"),
        ("MAIL_SPF", "v=spf1\nmx -all", "one line"),
        ("MAIL_SPF", "v=spf1 mx \u2013all", "ASCII"),
        ("MAIL_SPF", "v=spf1 ip4:192.0.2.300 -all", "cannot be read as SPF"),
        ("MAIL_SPF", "v=spf1 includ:cow.example -all", "cannot be read as SPF"),
        ("MAIL_SPF", "v=spf1-all", "cannot be read as SPF"),
        ("MAIL_SPF", "v=spf1 include=_spf.cow.example -all", 'takes ":"'),
        ("MAIL_SPF", "v=spf1 -all mx", "behind an all"),
        ("MAIL_SPF", "v=spf1 mx", "-all"),
        ("MAIL_SPF", "v=spf1", "-all"),
        ("MAIL_SPF", "v=spf1 mx +all", "does not refuse"),
        ("MAIL_SPF", "v=spf1 mx ?all", "does not refuse"),
        ("MAIL_SPF", "v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all", "at most 450"),
        ("MAIL_NAME", "Cow\nMail", "line break"),
        ("MAIL_NAME", "x" * 61, "at most 60"),
        ("MAIL_ABOUT", "x\u202ey", "cannot be shown"),
        ("MAIL_ABOUT", "x" * 501, "at most 500"),
        ("MAIL_POP", "maybe", "neither true nor false"),
        ("WEBMAIL_URL", "cow.example", "https://"),
        ("WEBMAIL_URL", "https:///x", "https://"),
        ("WEBMAIL_URL", "https://[::1/", "https://"),
        ("WEBMAIL_URL", "https://cow.example:x/", "https://"),
        ("WEBMAIL_URL", "https://cow.example/a b", "https://"),
        ("WEBMAIL_URL", "http://cow.example/", "http:// is for this machine only"),
        ("WEBMAIL_URL", "http://192.0.2.1/", "http:// is for this machine only"),
        ("WEBMAIL_URL", "https://cow/", "single word"),
        ("WEBMAIL_URL", "https://cow.example/" + "x" * 500, "at most 512"),
        ("PASSWORD_URL", "https://me@cow.example/", "user name or a password"),
        ("ADMIN_CONTACT", "x" * 201, "at most 200"),
        ("ADMIN_CONTACT", "me\x1b[31m", "cannot be shown"),
        ("MX_PRIORITY", "65536", "from 0 to 65535"),
        ("MX_PRIORITY", "-1", "from 0 to 65535"),
        ("MX_PRIORITY", "ten", "from 0 to 65535"),
        ("MX_PRIORITY", "9" * 5000, "from 0 to 65535"),
        ("RECORD_TTL", "59", "seconds from 60 to 604800"),
        ("RECORD_TTL", "604801", "seconds from 60 to 604800"),
        ("WEBMAIL_LABEL", "web.mail", "single label"),
        ("WEBMAIL_LABEL", "-mail", "single label"),
        ("WEBMAIL_LABEL", "x" * 64, "single label"),
        ("WEBMAIL_LABEL", "@", "single label"),
        ("WEBMAIL_LABEL", "autoconfig", "needed for"),
        ("DKIM_SELECTOR", "a..b", "selector"),
        ("DKIM_SELECTOR", "a b", "selector"),
        ("DKIM_SELECTOR", "a" * 101, "selector"),
        ("DMARC_RUA", "dmarc@cow.example", "begins with mailto:"),
        ("DMARC_RUA", "mailto:a@cow.example,", "begins with mailto:"),
        ("DMARC_RUA", "mailto:dmarc", "no @"),
        ("DMARC_RUA", "mailto:a;b@cow.example", "before the @"),
        ("DMARC_RUF", "mailto:ü@cow.example", "before the @"),
        ("DMARC_RUF", "mailto:a!b@cow.example", "before the @"),
        ("DMARC_RECORD", "p=reject", "begins with v=DMARC1"),
        ("DMARC_RECORD", "v=dmarc1; p=reject", "begins with v=DMARC1"),
        ("DMARC_RECORD", "v=DMARC1", "tag p"),
        ("DMARC_RECORD", "v=DMARC1; p=rejekt", "tag p"),
        ("DMARC_RECORD", "v=DMARC1; p=reject; sp=strict", "tag sp"),
        ("DMARC_RECORD", "v=DMARC1; p=reject; p=none", "twice"),
        ("DMARC_RECORD", "v=DMARC1; p=reject, sp=reject; x", "tag=value"),
        ("DMARC_RECORD", "v=DMARC1; p=reject; rua=me@cow.example", "begins with mailto:"),
        ("DMARC_RECORD", "v=DMARC1; p=reject; n=\u00fc", "ASCII"),
        ("DISCORD_TOKEN", "Bot abc", "blank"),
        ("DISCORD_GUILD_ID", "12345", "15 to 20 digits"),
        ("ADMIN_ROLE_ID", "99999999999999999999", "15 to 20 digits"),
        ("ADMIN_USER_IDS", "100000000000000001,me", "15 to 20 digits"),
        ("REQUEST_CHANNEL_ID", "#requests", "15 to 20 digits"),
        ("MAILCOW_URL", "https://mx1.cow.example", "MAILCOW_API_KEY or MAILCOW_READ_KEY"),
        ("MAILCOW_API_KEY", "abc", "MAILCOW_URL"),
        ("MAILCOW_READ_KEY", "abc", "MAILCOW_URL"),
        ("DATABASE_URL", "data/bot.db", "no database URL"),
        ("DATABASE_URL", "sqlite:///data/bot.db", "asynchronous driver"),
        ("DATABASE_URL", "postgresql+psycopg2://db/cow", "asynchronous driver"),
        ("DNS_SERVERS", "dns.cow.example", "IP address"),
        ("DNS_SERVERS", "9.9.9.9,", "not"),
        ("DNS_SERVERS", "9.9.9.9:0", "port"),
        ("DNS_TRUST_AD", "2", "neither true nor false"),
        ("DNS_ALLOW_PRIVATE", "maybe", "neither true nor false"),
        ("DNS_PORT", "0", "from 1 to 65535"),
        ("TEMPLATES_DIR", "/no/such/folder", "no such folder"),
        ("TEMPLATES_DIR", "a\x00b", "no such folder"),
        ("OFFER", "webmail, dkim", "dkim is no optional record"),
        ("OFFER", "none, webmail", "none is no optional record"),
        ("OFFER", "webmail,", "between two commas"),
    ],
)
def test_fault_names_the_variable_and_what_is_wrong_and_an_example(
    name: str, text: str, words: str
) -> None:
    fault = _fault(**{name: text})
    sentence, _, example = fault.partition(" Example: ")
    assert sentence.startswith(f"{name}: ")
    assert words in sentence
    assert example == f"{name}={Settings.model_fields[name.lower()].examples[0]}"  # type: ignore[index]  # each has one
    assert fault.isprintable()
    assert len(fault) < 350


def test_missing_ones_are_named() -> None:
    host, spf = _faults({})
    assert host.startswith("MAIL_HOST: It is required and not set: IMAP, ")
    assert spf.startswith("MAIL_SPF: It is required and not set: ")


def test_all_faults_are_reported_at_once_in_their_order() -> None:
    wrong = dict.fromkeys(VARIABLES, "\x07 wrong")
    faults = _faults(wrong)
    assert [fault.partition(":")[0] for fault in faults] == VARIABLES


def test_lonely_key_is_reported_beside_other_faults() -> None:
    faults = _faults({"MAILCOW_READ_KEY": SECRET, "DNS_PORT": "x"})
    names = [fault.partition(":")[0] for fault in faults]
    assert names == ["MAIL_HOST", "MAIL_SPF", "MAILCOW_READ_KEY", "DNS_PORT"]


def test_mailcow_goes_with_either_key() -> None:
    for name in ("MAILCOW_API_KEY", "MAILCOW_READ_KEY"):
        settings = _load(MAILCOW_URL="https://mx1.cow.example/", **{name: SECRET})
        assert settings.mailcow_url == "https://mx1.cow.example"
        key = getattr(settings, name.lower())
        assert key.get_secret_value() == SECRET


def test_query_in_the_address_of_mailcow_is_refused() -> None:
    fault = _fault(MAILCOW_URL="https://mx1.cow.example/?x", MAILCOW_READ_KEY=SECRET)
    assert "without a ? or #" in fault


def test_no_secret_is_shown_by_settings() -> None:
    settings = _load(
        DISCORD_TOKEN=SECRET,
        MAILCOW_URL="https://mx1.cow.example",
        MAILCOW_API_KEY=SECRET,
        MAILCOW_READ_KEY=SECRET,
        DATABASE_URL=f"postgresql+asyncpg://cow:{SECRET}@db/cow",
    )
    assert SECRET not in repr(settings) + str(settings) + repr(settings.mail_server())
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == SECRET


@pytest.mark.parametrize(
    "name",
    [
        "DISCORD_TOKEN",
        "MAILCOW_URL",
        "MAILCOW_API_KEY",
        "MAILCOW_READ_KEY",
        "DATABASE_URL",
        # Where somebody may put one by mistake.
        "WEBMAIL_URL",
        "PASSWORD_URL",
        "DISCORD_GUILD_ID",
        "ADMIN_USER_IDS",
    ],
)
@pytest.mark.parametrize(
    "text", ["https:x//cow:{}@db \x07", "https://cow:{}@db.cow.example/", "{}"]
)
def test_no_secret_is_shown_by_faults(name: str, text: str) -> None:
    environ = REQUIRED | {name: text.format(SECRET), "DNS_PORT": "x"}
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    assert SECRET not in repr(error)
    assert SECRET not in "".join(traceback.format_exception(error))


def test_empty_variable_is_not_set() -> None:
    empty = dict.fromkeys(VARIABLES, "") | REQUIRED | {"MX_PRIORITY": "  "}
    assert load_settings(empty) == load_settings(REQUIRED)


def test_unknown_variables_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("COW=1\nmail_name=lower\n", encoding="utf-8")
    settings = load_settings(REQUIRED | {"COW": "1", "mx_priority": "x"}, file)
    assert settings == load_settings(REQUIRED)


def test_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cow.env"
    file.write_text(
        'MAIL_HOST=mx9.cow.example\nMAIL_SPF="v=spf1 -all"\nMAIL_NAME=File\nMX_PRIORITY=30\n',
        encoding="utf-8",
    )
    settings = load_settings({"MAIL_NAME": "Environment", "MX_PRIORITY": ""}, file)
    assert settings.mail_host.ascii == "mx9.cow.example"
    assert settings.mail_spf == "v=spf1 -all"
    assert settings.mail_name == "Environment"
    assert settings.mx_priority == 30


def test_process_environment_and_dot_env_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAIL_HOST", "mx1.cow.example")
    (tmp_path / ".env").write_text("MAIL_SPF=v=spf1 mx -all\n", encoding="utf-8")
    settings = load_settings()
    assert (settings.mail_host.ascii, settings.mail_spf) == ("mx1.cow.example", "v=spf1 mx -all")
    with pytest.raises(ConfigError, match="MAIL_SPF"):
        load_settings({"MAIL_HOST": "mx1.cow.example"})
    (tmp_path / ".env").unlink()
    with pytest.raises(ConfigError, match="MAIL_SPF"):
        load_settings()


def test_fault_in_the_file_is_reported_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DNS_PORT=x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^DNS_PORT: "):
        load_settings(REQUIRED, file)


def test_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "cow.env"
    with pytest.raises(ConfigError, match=r"cow\.env: It cannot be read"):
        load_settings(REQUIRED, file)
    with pytest.raises(ConfigError, match="It cannot be read"):
        load_settings(REQUIRED, tmp_path)
    file.write_bytes(b"MAIL_NAME=\xff\n")
    with pytest.raises(ConfigError, match="no UTF-8 text"):
        load_settings(REQUIRED, file)


def test_own_templates_are_a_folder(tmp_path: Path) -> None:
    assert _load(TEMPLATES_DIR=str(tmp_path)).templates_dir == tmp_path


@given(st.sampled_from(VARIABLES), st.text(max_size=60))
def test_any_text_is_read_or_refused_in_plain_words(name: str, text: str) -> None:
    try:
        load_settings(REQUIRED | {name: text})
    except ConfigError as error:
        faults = error.faults
    else:
        return
    for fault in faults:
        assert fault.startswith(f"{name}: ")
        assert " Example: " in fault
        assert fault.isprintable()
        assert "Value error" not in fault
