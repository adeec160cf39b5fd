"""What generated tests draw from: mail servers, domains, DKIM keys, and all of it together."""

from __future__ import annotations

from typing import NamedTuple

import dns.name
from hypothesis import strategies as st

from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey, NoKeyYet
from bot.records.mail_server import MailServer

# Public keys whose private halves were thrown away.
RSA_1024 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCewON0ktta9kMlE7w7gjLUhuZcWPdfQwkwNNs8wsWFOgP3"
    "J8g+JY2uyAmLLFCSVVks3hpufo/xAtIFxZEajPXUdNvb2PKlpuiuFiWaKN7dO19AEWDNRGKKAB4750TUZUo4"
    "QgA1PNssMfhBtyh3lZs4165h/ItxmLwB2yICrVh7XQIDAQAB"
)
RSA_2048 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzWt2PWmFWD+u6yLYwBUTveFIKv8zBzVFApp/Vqj0"
    "KdbRX1DHkdy4IKiigLlv8ElzzYLK4zJ6G+qxyWzfLJVLJFj4McRT6ADrojWTxLcC+qJ89nQOAmvzkslsimu6"
    "AIvX0K5rus8dvR4jwJd9TfuJypBqy4qaFyoPWXHTRlqNM3akVJ693ulwWrOnGkluEppdI4PyMN9WSufB1E4a"
    "uJ55dz/NGIM9Asz/Hl+OnP0DTfGfun5+85nRoO6FFLkQD/gLb2r+DAxVaafyiXX4dVurB7X8d7tfBYiOUn0b"
    "23jL89KvWSPdDhCBoJoiq8afyLDpK9GhzEuiGnP7cIaXrlZHBQIDAQAB"
)
RSA_4096 = (
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAxrpjoTdnPZTZcp5eIowwMLkW2mC6b4xbyYe2C9sD"
    "n3nmk4+3IbaII4Dj7UsS0yRsYircMpITOCK1zNixav77a271TLvR4paiDx2OKVtGBvZeKrEQnjfI9XVPKGOf"
    "cJA1wgeCffr1P8y7MYZRE7fdoAm/D6/VuF7FpOqpe8Jy4ZSUG6xRXdt9adlcP3ETiGmSckodWL3JjhCJqock"
    "KeBY/RgFqN1K3eG6ONuLItxIqEiyRueoi4oJIK2fN8PwUnxd1IQPHoAhX6QFYm75oZzYYIPl797uuhMpGgfi"
    "eRuBpGaq7IJKczi575ov/ahLQdPpVsvnMUvHXY/ugxSHO9KMExLyq7LnvR345zcJR4tX/MP7ST7X6I0FBm//"
    "BUUJZ5sOBwXnnf8oaYX+iM81fCxSWgzQnuRFbQ2owFegmbBpoE2XZ53Q08KW0a/fpN4iWvU56ATLGv4J5vCo"
    "JWsGKN93YSIA35mzVkMs5r17Vqt+CMm+NfsWiUMJYyTG3y9zoZd8xUsudlsjl+kU3RLwTxwxRPXfh6QcXT0x"
    "nZbq0r3BUNiUFvohbwjwU/oMJVIkCSyXpKiRHugPn+DTTsC4DAUpWV0BMI5hbcuv4kagoPoankS1vlm4i8QZ"
    "5AcEh19Df2kTeOMgtTuR472ibA/rCIqL4jGxVzf/ek1nv5OK075wxNkCAwEAAQ=="
)
ED25519 = "N/CCIgkW/2DpKz3K/GRcPemA1V5OiNIDi/vSHqMlYyY="

KEY_VALUES = (
    f"v=DKIM1;k=rsa;t=s;s=email;p={RSA_2048}",
    f"v=DKIM1; p={RSA_2048}",
    f"v=DKIM1; k=rsa; h=sha256; p={RSA_4096}",
    f"v=DKIM1; k=ed25519; p={ED25519}",
)
POLICIES = (None, "none", "quarantine", "reject")

_LABELS = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,6})?", fullmatch=True)
_LONG_LABELS = st.sampled_from(("x" * 63, "y" * 40, "z" * 20))
_IDN_LABELS = st.sampled_from(("bücher", "blåbær", "例え", "пример"))
_ENDS = st.sampled_from(("example", "test", "friend.example", "xn--p1ai"))
_WEBMAIL_LABELS = st.sampled_from(
    ("mail", "webmail", "mx1", "autoconfig", "autodiscover", "in.box", "m" * 63)
)
_SELECTORS = st.sampled_from(("dkim", "mailcow", "s2026", "k1.cow", "s" * 63))


class Configuration(NamedTuple):
    """The arguments of `bot.records.expected.expect`."""

    server: MailServer
    domain: Domain
    dkim: DkimKnowledge
    dmarc_stage: str | None


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    """Return any mail domain: short, international, or so long that names below it are too long."""
    labels = draw(
        st.one_of(
            st.lists(_LABELS | _IDN_LABELS, min_size=1, max_size=3),
            st.lists(_LONG_LABELS, min_size=1, max_size=3),
        )
    )
    return Domain.parse(".".join([*labels, draw(_ENDS)])).domain


@st.composite
def mail_servers(draw: st.DrawFn) -> MailServer:
    """Return any mail server that could be configured; its SPF value lets its own host send."""
    home = draw(domains().filter(lambda domain: len(domain.ascii) < 200))
    host = draw(st.sampled_from(("mx1", "mail", "autoconfig", "mx.mail"))) + "." + home.ascii
    spf = st.sampled_from((f"include:_spf.{home.ascii}", f"a:{host}", "mx", f"mx a:{host} ~all"))
    rua = draw(st.sampled_from(("", f"mailto:dmarc@{home.ascii}")))
    dmarc = draw(st.sampled_from(("v=DMARC1; p=reject; sp=reject", "v=DMARC1;p=reject;sp=reject")))
    spf_value = f"v=spf1 {draw(spf)}"
    return MailServer(
        host=dns.name.from_text(host),
        spf=spf_value if spf_value.endswith("all") else f"{spf_value} -all",
        dmarc=f"{dmarc}; rua={rua}; ruf={rua}" if rua else dmarc,
        name=draw(st.sampled_from(("Mailcow", "Cow Mail", "=Kühe & Söhne"))),
        pop=draw(st.booleans()),
        webmail_url=f"https://{host}/SOGo/",
        password_url=f"https://{host}/",
        admin_contact=draw(st.sampled_from(("", f"@admin or admin@{home.ascii}"))),
        mx_priority=draw(st.integers(0, 65535)),
        record_ttl=draw(st.integers(60, 604800)),
        webmail_label=draw(_WEBMAIL_LABELS),
        dkim_selector=draw(_SELECTORS),
        dmarc_rua=rua,
    )


@st.composite
def known_keys(draw: st.DrawFn) -> KnownKey:
    """Return a key that is sound and long enough, at any selector."""
    record = DkimRecord.parse(draw(st.sampled_from(KEY_VALUES)))
    source = draw(st.sampled_from(("--dkim", "mailcow", "admin")))
    return KnownKey(draw(_SELECTORS), record, source)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Return a server and a domain there, at times its own host, that host's parent or a child."""
    server = draw(mail_servers())
    host = server.host
    own = (host, host.parent(), dns.name.Name((b"below", *host.labels)))
    domain = draw(st.one_of(domains(), st.sampled_from(own).map(Domain)))
    key = st.one_of(known_keys(), st.just(NoKeyYet()), st.just(KeyUnknown()))
    return Configuration(server, domain, draw(key), draw(st.sampled_from(POLICIES)))
