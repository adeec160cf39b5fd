"""The configuration: one documented field for each environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    SecretStr,
    ValidationError,
    model_validator,
)

from bot.config import mail_urls
from bot.config import readers as read
from bot.config.lonely_values import find_lonely
from bot.config.mail_urls import MailUrl
from bot.config.signing_files import find_signing_faults
from bot.dns.server_address import Server
from bot.errors import ConfigError
from bot.names import Domain, MailAddress
from bot.records.mail_server import USUAL_OFFER, MailServer
from bot.records.profile_signature import ProfileSigner
from bot.records.tag_list import parse_tags

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_Line = Annotated[str, PlainValidator(read.read_line(200))]
_Flag = Annotated[bool, PlainValidator(read.read_bool)]
_Url = Annotated[str, PlainValidator(read.read_url)]
_Reports = Annotated[str, PlainValidator(read.read_report_addresses)]
_Secret = Annotated[SecretStr, PlainValidator(read.read_secret)]
_Password = Annotated[SecretStr, PlainValidator(mail_urls.read_password)]
_Id = Annotated[int, PlainValidator(read.read_id)]
_File = Annotated[Path, PlainValidator(read.read_path)]


def _page(path: str) -> Any:
    """Return the default of a page on the mail server itself."""
    return lambda known: f"https://{known['mail_host'].ascii}{path}"


def _strict_dmarc(known: dict[str, Any]) -> str:
    """Return the DMARC value that is handed out where none is configured."""
    reports = (
        f"; {tag}={known[f'dmarc_{tag}']}" for tag in ("rua", "ruf") if known[f"dmarc_{tag}"]
    )
    return "v=DMARC1; p=reject; sp=reject" + "".join(reports)


class Settings(BaseModel):
    """Everything that the operator decides, checked by meaning.

    A field is the variable of the same name in capitals; the order is that of `.env.example`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=str.upper,
        hide_input_in_errors=True,
        validate_default=False,  # readers take text, and a default is no text
    )

    mail_host: Annotated[Domain, PlainValidator(read.read_host)] = Field(
        description="IMAP, SMTP, POP and MX host.", examples=["mx1.cow.example"]
    )
    mail_spf: Annotated[str, PlainValidator(read.read_spf)] = Field(
        description="The SPF value to hand out.", examples=["v=spf1 include:_spf.cow.example -all"]
    )
    mail_name: Annotated[str, PlainValidator(read.read_line(60))] = Field(
        default="Mailcow", examples=["Cow Mail"]
    )
    """What members call the service."""
    mail_about: Annotated[str, PlainValidator(read.read_line(500))] = Field(
        default="A mail server for its members and their own domains.",
        examples=["A private mail server in Norway."],
    )
    """What the service is, in a sentence or two."""
    mail_pop: _Flag = Field(default=True, examples=["false"])
    """Whether POP is offered."""
    webmail_url: _Url = Field(
        default_factory=_page("/SOGo/"), examples=["https://mx1.cow.example/SOGo/"]
    )
    """The webmail's address."""
    password_url: _Url = Field(default_factory=_page("/"), examples=["https://mx1.cow.example/"])
    """The page where members change their password."""
    admin_contact: _Line = Field(default="", examples=["@admin or admin@cow.example"])
    """How members reach the admin; empty where it is not said."""
    mx_priority: Annotated[int, PlainValidator(read.read_number(0, 65535))] = Field(
        default=10, examples=["10"]
    )
    """Priority of the MX record (RFC 5321 section 5.1); the lowest number goes first."""
    record_ttl: Annotated[int, PlainValidator(read.read_number(60, 604800, " of seconds"))] = Field(
        default=3600, examples=["3600"]
    )
    """TTL of the records, in seconds."""
    webmail_label: Annotated[str, PlainValidator(read.read_label)] = Field(
        default="mail", examples=["mail"]
    )
    """Label of the optional webmail alias."""
    dkim_selector: Annotated[str, PlainValidator(read.read_selector)] = Field(
        default="dkim", examples=["mailcow"]
    )
    """Selector for new DKIM keys (RFC 6376 section 3.1)."""
    dmarc_rua: _Reports = Field(default="", examples=["mailto:dmarc@cow.example"])
    """Addresses for DMARC's aggregate reports, separated by commas; empty for none."""
    dmarc_ruf: _Reports = Field(default="", examples=["mailto:dmarc@cow.example"])
    """Addresses for DMARC's failure reports, separated by commas; empty for none."""
    dmarc_record: Annotated[str, PlainValidator(read.read_dmarc)] = Field(
        default_factory=_strict_dmarc,
        examples=["v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"],
    )
    """The whole strict DMARC value; by default made of the report addresses."""
    discord_token: _Secret | None = Field(default=None, examples=["the-token-of-your-bot"])
    """The bot's token, needed to connect to Discord."""
    discord_guild_id: _Id | None = Field(default=None, examples=["100000000000000001"])
    """The Discord server that commands are synced to at once, and only to it."""
    admin_role_id: _Id | None = Field(default=None, examples=["100000000000000002"])
    """The role whose members may decide requests."""
    admin_user_ids: Annotated[tuple[int, ...], PlainValidator(read.read_ids)] = Field(
        default=(), examples=["100000000000000003,100000000000000004"]
    )
    """The users who may decide requests."""
    request_channel_id: _Id | None = Field(default=None, examples=["100000000000000005"])
    """The channel where requests wait for the admin."""
    mailcow_url: Annotated[str, PlainValidator(read.read_base_url)] | None = Field(
        default=None, examples=["https://mx1.cow.example"]
    )
    """Mailcow's address, without a final slash; goes with a key."""
    mailcow_api_key: _Secret | None = Field(default=None, examples=["the-read-write-key"])
    """Mailcow's API key for reading and writing."""
    mailcow_read_key: _Secret | None = Field(default=None, examples=["the-read-only-key"])
    """Mailcow's API key for reading alone."""
    database_url: Annotated[str, PlainValidator(read.read_database)] = Field(
        default="sqlite+aiosqlite:///data/bot.db",
        examples=["sqlite+aiosqlite:///data/bot.db"],
        repr=False,  # it may hold a password
    )
    """The database, as an SQLAlchemy URL with an asynchronous driver."""
    dns_servers: Annotated[tuple[Server, ...], PlainValidator(read.read_servers)] = Field(
        default=(), examples=["9.9.9.9, 127.0.0.1:5353"]
    )
    """The resolvers to ask; empty for the system's."""
    dns_trust_ad: _Flag = Field(default=False, examples=["true"])
    """The resolvers validate and the path to them is safe, so the AD flag counts (RFC 4035)."""
    dns_allow_private: _Flag = Field(default=False, examples=["true"])
    """Names found in a zone may lead to private and loopback addresses."""
    dns_port: Annotated[int, PlainValidator(read.read_number(1, 65535))] = Field(
        default=53, examples=["53"]
    )
    """Port of the authoritative servers; another one is for tests."""
    templates_dir: Annotated[Path, PlainValidator(read.read_folder)] | None = Field(
        default=None, examples=["data/templates"]
    )
    """A folder of own templates that go before the shipped ones."""
    log_format: Annotated[str, PlainValidator(read.read_choice("text", "json"))] = Field(
        default="text", examples=["json"]
    )
    """How the log is written: text for people, or json, an object a line."""
    log_level: Annotated[
        str, PlainValidator(read.read_choice("debug", "info", "warning", "error"))
    ] = Field(default="info", examples=["warning"])
    """From which level on there is a line in the log."""

    health_port: Annotated[int, PlainValidator(read.read_number(1, 65535))] | None = Field(
        default=None, examples=["9464"]
    )
    """A port on this machine's loopback addresses for health and metrics."""
    cert_issuer: Annotated[str, PlainValidator(read.read_issuer)] = Field(
        default="letsencrypt.org", examples=["letsencrypt.org"]
    )
    """Who issues the mail server's certificates, by the name in CAA records (RFC 8659)."""
    offer: Annotated[frozenset[str], PlainValidator(read.read_offer)] = Field(
        default=USUAL_OFFER, examples=["webmail, srv"]
    )
    """Which optional records are offered; what is there is judged all the same."""
    probe_address: Annotated[MailAddress, PlainValidator(mail_urls.read_probe_address)] | None = (
        Field(default=None, examples=["probe@else.example"])
    )
    """The address of the mailbox for test mails, best at another provider."""
    probe_imap_url: Annotated[MailUrl, PlainValidator(mail_urls.read_imap_url)] | None = Field(
        default=None, examples=["imaps://probe@imap.else.example"]
    )
    """Where that mailbox is read, and who logs in."""
    probe_imap_password: _Password | None = Field(
        default=None, examples=["the-password-of-the-mailbox"]
    )
    """The password for it."""
    probe_smtp_url: Annotated[MailUrl, PlainValidator(mail_urls.read_smtp_url)] | None = Field(
        default=None, examples=["smtps://probe@smtp.else.example"]
    )
    """Where mails from that address to members are handed in."""
    probe_smtp_password: _Password | None = Field(
        default=None, examples=["the-password-for-sending"]
    )
    """The password for that."""
    profile_cert: _File | None = Field(default=None, examples=["data/profile.pem"])
    """The certificate that signs Apple profiles, with those between it and its authority."""
    profile_key: _File | None = Field(default=None, examples=["data/profile-key.pem"])
    """The private key of that certificate."""
    standby: _Flag = Field(default=False, examples=["true"])
    """Where another process is at Discord, this one waits to take its place."""

    @model_validator(mode="wrap")
    @classmethod
    def _collect_faults(cls, data: dict[str, str], check: ModelWrapValidatorHandler[Self]) -> Self:
        """Raise one ConfigError for all that is wrong; an empty value is the same as none."""
        given = {name: text.strip() for name, text in data.items() if text.strip()}
        faults = find_lonely(given) | find_signing_faults(given)
        try:
            settings = check(given)
        except ValidationError as error:
            # Where a value is wrong, defaults that are made of it are no fault of their own.
            faults |= {
                str(e["loc"][0]): _explain(e)
                for e in error.errors()
                if e["type"] != "default_factory_not_called"
            }
        else:
            if not faults:
                return settings
        # Out here no chained error holds the values.
        raise ConfigError(
            tuple(_word(name, faults[name]) for name in variable_names() if name in faults)
        )

    def secrets(self) -> tuple[str, ...]:
        """Return every secret as it may turn up in a text."""
        given = (
            *(self.discord_token, self.mailcow_api_key, self.mailcow_read_key),
            *(self.probe_imap_password, self.probe_smtp_password),
        )
        password = read.find_password(self.database_url)
        return (
            *(secret.get_secret_value() for secret in given if secret),
            *((password, unquote(password)) if password else ()),
        )

    def profile_signer(self) -> ProfileSigner | None:
        """Return what signs Apple profiles; None where they are handed out unsigned."""
        if self.profile_cert is None or self.profile_key is None:
            return None
        return ProfileSigner(self.profile_cert, self.profile_key)

    def mail_server(self) -> MailServer:
        """Return the mail server as its members see it."""
        return MailServer(
            host=self.mail_host.name,
            spf=self.mail_spf,
            dmarc=self.dmarc_record,
            name=self.mail_name,
            about=self.mail_about,
            pop=self.mail_pop,
            webmail_url=self.webmail_url,
            password_url=self.password_url,
            admin_contact=self.admin_contact,
            mx_priority=self.mx_priority,
            record_ttl=self.record_ttl,
            webmail_label=self.webmail_label,
            cert_issuer=self.cert_issuer,
            dkim_selector=self.dkim_selector,
            offer=self.offer,
            is_mailcow=self.mailcow_url is not None,
            tells_admin=self.request_channel_id is not None,
            dmarc_rua=self.dmarc_rua
            or parse_tags(self.dmarc_record).get("rua", any_case=True)
            or "",
        )


def variable_names() -> tuple[str, ...]:
    """Return the names of all variables in their order."""
    return tuple(field.upper() for field in Settings.model_fields)


def _explain(error: ErrorDetails) -> str:
    """Return what is wrong with one value, as a sentence."""
    if error["type"] == "missing":
        about = Settings.model_fields[str(error["loc"][0]).lower()].description
        return f"It is required and not set: {about}"
    return str(error["ctx"]["error"])


def _word(name: str, sentence: str) -> str:
    """Return the line that says one fault."""
    examples = Settings.model_fields[name.lower()].examples or []
    return f"{name}: {sentence} Example: {name}={examples[0]}"
