"""The mailbox for test mails: its variables, which goes with which, and that no password shows."""

from __future__ import annotations

import pytest

from bot.config.loading import load_settings
from bot.config.mail_urls import MailUrl
from bot.errors import ConfigError

REQUIRED = {"MAIL_HOST": "mx1.cow.example", "MAIL_SPF": "v=spf1 mx -all"}
SECRET = "Very Secret-4711"
BOX = {
    "PROBE_ADDRESS": "probe@else.example",
    "PROBE_IMAP_URL": "imaps://probe@imap.else.example",
    "PROBE_IMAP_PASSWORD": SECRET,
}
SENDING = {"PROBE_SMTP_URL": "smtps://probe@smtp.else.example", "PROBE_SMTP_PASSWORD": SECRET}


def faults_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(REQUIRED | environ)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("imaps://probe@imap.else.example", ("imap.else.example", 993, "probe", True)),
        ("imaps://p%40x.example@imap.x.example", ("imap.x.example", 993, "p@x.example", True)),
        ("imaps://p@x.example@IMAP.x.example:99/", ("imap.x.example", 99, "p@x.example", True)),
        ("imap://probe@127.0.0.1:1143", ("127.0.0.1", 1143, "probe", False, True)),
        ("imap://probe@[::1]", ("::1", 143, "probe", False, True)),
        ("imaps://probe@localhost", ("localhost", 993, "probe", True, True)),
    ],
)  # fmt: skip
def test_a_mailbox_is_a_user_at_a_host(text: str, url: tuple[str, int, str, bool]) -> None:
    settings = load_settings(REQUIRED | BOX | {"PROBE_IMAP_URL": text})
    assert settings.probe_imap_url == MailUrl(*url)
    assert str(settings.probe_address) == "probe@else.example"


def test_mails_are_handed_in_with_tls_or_by_starttls() -> None:
    for text, port, tls in (("smtps://probe@smtp.else.example", 465, True),
                            ("smtp://probe@smtp.else.example", 587, False)):  # fmt: skip
        settings = load_settings(REQUIRED | BOX | SENDING | {"PROBE_SMTP_URL": text})
        assert settings.probe_smtp_url == MailUrl("smtp.else.example", port, "probe", tls)


def test_a_server_that_asks_for_no_login_takes_no_password() -> None:
    settings = load_settings(REQUIRED | BOX | {"PROBE_SMTP_URL": "smtp://localhost:2525"})
    assert settings.probe_smtp_url == MailUrl("localhost", 2525, "", tls=False, is_local=True)
    assert settings.probe_smtp_password is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("PROBE_ADDRESS", "probe", "no mail address"),
        ("PROBE_ADDRESS", '"a b"@else.example', "no mail address"),
        ("PROBE_ADDRESS", '"ab"@else.example', "plain letters"),
        ("PROBE_ADDRESS", "pröbe@else.example", "plain letters"),
        ("PROBE_ADDRESS", f"{'p' * 48}@else.example", "at most 47"),
        ("PROBE_IMAP_URL", "imap.else.example", "imaps:// or imap://"),
        ("PROBE_IMAP_URL", "https://probe@imap.else.example", "imaps:// or imap://"),
        ("PROBE_IMAP_URL", "imaps://probe@imap.else.example:x", "imaps:// or imap://"),
        ("PROBE_IMAP_URL", "imaps://imap.else.example", "names no user"),
        ("PROBE_IMAP_URL", "imap://probe@imap.else.example", "this machine only"),
        ("PROBE_IMAP_URL", "imap://probe@192.0.2.1", "IP address"),
        ("PROBE_IMAP_URL", f"imaps://probe:{SECRET[:4]}@imap.else.example", "variable of its own"),
        ("PROBE_IMAP_URL", "imaps://probe@imap.else.example/INBOX", "behind the host"),
        ("PROBE_IMAP_URL", "imaps://pro%0Abe@imap.else.example", "user"),
        ("PROBE_IMAP_PASSWORD", "a\x07b", "line break"),
        ("PROBE_IMAP_PASSWORD", "x" * 513, "at most 512"),
        ("PROBE_SMTP_URL", "imaps://probe@smtp.else.example", "smtps:// or smtp://"),
        ("PROBE_SMTP_URL", "smtps://probe@", "smtps:// or smtp://"),
        ("PROBE_SMTP_PASSWORD", "a\x00b", "line break"),
    ],
)
def test_a_wrong_value_is_named_with_an_example(name: str, text: str, words: str) -> None:
    (fault,) = faults_of(BOX | SENDING | {name: text})
    sentence, _, example = fault.partition(" Example: ")
    assert sentence.startswith(f"{name}: ")
    assert words in sentence
    assert example.startswith(f"{name}=")


@pytest.mark.parametrize(
    ("given", "lonely"),
    [
        ({"PROBE_ADDRESS"}, {"PROBE_ADDRESS": "PROBE_IMAP_URL"}),
        (
            {"PROBE_IMAP_URL"},
            {"PROBE_IMAP_URL": "PROBE_ADDRESS and PROBE_IMAP_PASSWORD"},
        ),
        ({"PROBE_IMAP_PASSWORD"}, {"PROBE_IMAP_PASSWORD": "PROBE_IMAP_URL"}),
        ({"PROBE_SMTP_PASSWORD"}, {"PROBE_SMTP_PASSWORD": "PROBE_SMTP_URL"}),
        ({*BOX, "PROBE_SMTP_URL"}, {"PROBE_SMTP_URL": "PROBE_SMTP_PASSWORD"}),
        ({*SENDING}, {"PROBE_SMTP_URL": "PROBE_ADDRESS"}),
    ],
)
def test_what_goes_together_is_asked_for_together(given: set[str], lonely: dict[str, str]) -> None:
    faults = faults_of({name: text for name, text in (BOX | SENDING).items() if name in given})
    assert [fault.partition(" Example")[0] for fault in faults] == [
        f"{name}: It needs {others} beside it." for name, others in lonely.items()
    ]


def test_no_password_is_shown_and_both_are_kept_out_of_the_log() -> None:
    other = "another one"
    settings = load_settings(REQUIRED | BOX | SENDING | {"PROBE_SMTP_PASSWORD": other})
    assert SECRET not in repr(settings) + str(settings)
    assert settings.secrets() == (SECRET, other)


@pytest.mark.parametrize("name", [*BOX, *SENDING])
@pytest.mark.parametrize("text", ["imaps://cow:{}@host.example/ \x07", "{}\x07"])
def test_no_password_is_shown_by_a_fault(name: str, text: str) -> None:
    word = SECRET.replace(" ", "")
    faults = faults_of(BOX | SENDING | {name: text.format(word)})
    assert faults
    assert word not in "".join(faults)
