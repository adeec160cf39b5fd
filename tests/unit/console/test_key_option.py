from __future__ import annotations

import base64

import pytest

from bot.console.key_option import read_key
from bot.errors import UsageError
from bot.records.dkim_key import KeySource, KnownKey
from bot.words import Words
from pasted_keys import forms_of
from strategies import RSA_2048

VALUE = f"v=DKIM1; k=rsa; p={RSA_2048}"


@pytest.mark.parametrize("form", forms_of(), ids=lambda form: form.name)
def test_the_option_takes_every_form(form: tuple[str, str]) -> None:
    key = read_key(form[1], "dkim", Words())
    assert isinstance(key, KnownKey)
    assert (key.selector, key.source) == ("dkim", KeySource.ARGUMENT)
    assert key.record.key == base64.b64decode(RSA_2048)


def test_no_option_is_no_key() -> None:
    assert read_key(None, "dkim", Words()) is None


def test_the_option_names_the_character_that_is_wrong() -> None:
    with pytest.raises(UsageError) as caught:
        read_key(f"{VALUE[:60]}\u00b7{VALUE[60:]}", "dkim", Words())
    said = str(caught.value)
    assert said.startswith("--dkim: ")
    assert f"character 61 of {len(VALUE) + 1} " in said
    assert "middle dot" in said
