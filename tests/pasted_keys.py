r"""One DKIM key in the forms in which people find and paste it, each with where it is from."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from typing import NamedTuple
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from strategies import RSA_2048

SHY, NBSP, ZWSP, BOM = "\u00ad", "\u00a0", "\u200b", "\ufeff"
OWNER = "dkim._domainkey"
FULL = f"{OWNER}.friend.example"
MAILCOW_TAGS = "v=DKIM1;k=rsa;t=s;s=email;p="


class Pasted(NamedTuple):
    """A form of a key."""

    name: str
    text: str


def pkcs1(key: str) -> bytes:
    loaded = load_der_public_key(base64.b64decode(key))
    assert isinstance(loaded, RSAPublicKey)
    return loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def pem(key: bytes | str, label: str = "PUBLIC KEY") -> str:
    text = key if isinstance(key, str) else base64.b64encode(key).decode()
    lines = "\n".join(textwrap.wrap(text, 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def wrap(text: str, width: int, gap: str) -> str:
    return gap.join(text[at : at + width] for at in range(0, len(text), width))


def forms_of(key: str = RSA_2048, tags: str = MAILCOW_TAGS) -> list[Pasted]:
    """Return every form of an RSA key whose record has these tags before `p=`."""
    return [*_plain(key, tags), *_zones(key, tags), *_programs(key, tags), *_chats(key, tags)]


def _plain(key: str, tags: str) -> list[Pasted]:
    value = tags + key
    spaced = value.replace(";", "; ")
    return [
        Pasted("the value alone", value),
        Pasted("with blanks between its tags", spaced),
        Pasted("with a final semicolon", f"{spaced};"),
        Pasted("without its version", value.partition(";")[2]),
        Pasted("p= alone", f"p={key}"),
        Pasted("with tags behind the key", f"v=DKIM1; p={key}; t=s; s=email"),
        Pasted("with a final dot", f"{value}."),
        Pasted("wrapped in the base64", wrap(value, 76, "\n")),
        Pasted("wrapped with CRLF and indented", wrap(value, 64, "\r\n    ")),
        Pasted("wrapped with a backslash by a shell", wrap(value, 70, "\\\n")),
        Pasted("PEM, SubjectPublicKeyInfo", pem(key)),
        Pasted("PEM, PKCS#1", pem(pkcs1(key), "RSA PUBLIC KEY")),
        Pasted(
            "PEM with headers of RFC 1421",
            pem(key).replace("KEY-----\n", "KEY-----\nProc-Type: 4,CLEAR\nComment: dkim\n\n", 1),
        ),
        Pasted("PEM on one line", " ".join(pem(key).split("\n"))),
        Pasted("PEM behind what openssl says", f"writing RSA key\n{pem(key)}"),
        Pasted("PEM with dashes made typographic", pem(key).replace("-----", "\u2014\u2013")),
        Pasted("base64 alone", key),
        Pasted("base64 alone, wrapped", wrap(key, 64, "\n")),
        Pasted("base64 of PKCS#1 alone", base64.b64encode(pkcs1(key)).decode()),
        Pasted("a record of PKCS#1", tags + base64.b64encode(pkcs1(key)).decode()),
        Pasted("a key in the URL-safe alphabet", tags + key.translate({43: "-", 47: "_"})),
        Pasted("with its blanks no-break spaces", spaced.replace(" ", NBSP)),
        Pasted("with a byte order mark", f"{BOM}{value}\r\n"),
        Pasted("with zero-width spaces", wrap(value, 40, ZWSP)),
        Pasted("with soft hyphens", wrap(value, 60, SHY)),
        Pasted("in smart quotes", f"\u201c{value}\u201d"),
        Pasted("in French quotes", f"\u00ab{NBSP}{value}{NBSP}\u00bb"),
        Pasted("in low quotes", f"\u201e{value}\u201c"),
        Pasted("in single smart quotes", f"\u2018{value}\u2019"),
        Pasted("HTML entities", html.escape(f'"{spaced}"').replace(" ", "&nbsp;")),
        Pasted("HTML numbers", f"&#34;{value.replace('+', '&#43;').replace('=', '&#x3D;')}&#34;"),
        Pasted("a cell of HTML", f"<td><code>{wrap(value, 80, '<wbr>')}</code></td>"),
        Pasted("percent signs of a URL", quote(spaced, safe="")),
        Pasted(
            "quoted-printable", wrap(value.replace("=", "=3D"), 70, "=\n").replace("=\n3D", "=3D")
        ),
    ]


def _zones(key: str, tags: str) -> list[Pasted]:
    value = tags + key
    one, two = value[:255], value[255:]
    thirds = f'"{value[:150]}" "{value[150:300]}" "{value[300:]}"'
    halves = f'"{one}" "{two}"'
    escaped = value.replace(";", "\\;")
    octal = value.translate({59: "\\073", 58: "\\072", 47: "\\057", 61: "\\075", 43: "\\053"})
    parts = [value[at : at + 127] for at in range(0, len(value), 127)]  # as tinydns-data cuts them
    lengths = [f"\\{len(part):03o}{part}" for part in parts]
    return [
        Pasted("one quoted string", f'"{value}"'),
        Pasted("quoted strings", halves),
        Pasted("quoted strings with nothing between", halves.replace('" "', '""')),
        Pasted("the inside of quoted strings", halves[1:-1]),
        Pasted("three strings in brackets", f"( {thirds} )"),
        Pasted(
            "opendkim-genkey",
            f'{OWNER}\tIN\tTXT\t( "v=DKIM1; h=sha256; k=rsa; "\n\t  "p={key[:220]}"\n'
            f'\t  "{key[220:]}" )  ; ----- DKIM key dkim for friend.example\n',
        ),
        Pasted(
            "BIND over several lines",
            f'{FULL}. 3600 IN TXT (\n  "{one}" ; the first\n  "{two}" ; the second\n)\n'
            "www IN A 192.0.2.1\n",
        ),
        Pasted("BIND without quote marks", f"{OWNER} 3600 IN TXT {escaped}"),
        Pasted("BIND with decimal escapes", f'{OWNER} TXT "{value.replace(";", chr(92) + "059")}"'),
        Pasted("dig +short", f"{halves}\n"),
        Pasted(
            "dig",
            f";; ANSWER SECTION:\n{FULL}. 3600 IN\tTXT\t{halves}\n\n;; Query time: 3 msec\n"
            ";; SERVER: 192.0.2.53#53(192.0.2.53) (UDP)\n",
        ),
        Pasted("host", f"{FULL} descriptive text {halves}"),
        Pasted(
            "nslookup",
            f"Server:\t\t192.0.2.53\nAddress:\t192.0.2.53#53\n\nNon-authoritative answer:\n"
            f"{FULL}\ttext = {halves}\n",
        ),
        Pasted("nslookup of Windows", f'{FULL}\ttext =\n\n\t"{one}"\n\t"{two}"\n'),
        Pasted(
            "Resolve-DnsName as a list",
            f"Name    : {FULL}\nType    : TXT\nTTL     : 3600\nSection : Answer\n"
            f"Strings : {{{wrap(one, 90, chr(10) + '          ')},\n          {two}}}\n",
        ),
        Pasted("Resolve-DnsName, its strings", f"{one}\n{two}\n"),
        Pasted("tinydns", f"'{FULL}:{octal}:3600"),
        Pasted(
            "tinydns, a generic record",
            f":{FULL}:16:{''.join(lengths).replace(':', chr(92) + '072')}:3600",
        ),
        Pasted("pdnsutil list-zone", f"{FULL}\t3600\tIN\tTXT\t{halves}\n"),
        Pasted("nsupdate", f"update add {FULL}. 3600 TXT {halves}\nsend\n"),
        Pasted("a table of tabs", f"{OWNER}\tTXT\t{value}\t3600"),
        Pasted("a table of MariaDB", f"| {OWNER} | TXT  | {value} | 3600 |"),
    ]


def _programs(key: str, tags: str) -> list[Pasted]:
    value = tags + key
    one, two = value[:255], value[255:]
    halves = f'"{one}" "{two}"'
    spaced = value.replace(";", "; ")
    escaped = value.replace(";", "\\;")
    in_json = json.dumps(halves)
    folded = "\n".join(f"    {line}" for line in textwrap.wrap(spaced, 60))
    return [
        Pasted(
            "Mailcow's API",
            json.dumps(
                {
                    "pubkey": key,
                    "length": "2048",
                    "dkim_txt": value,
                    "dkim_selector": "dkim",
                    "privkey": "",
                }
            ).replace("/", "\\/"),
        ),
        Pasted("Mailcow's API, its key alone", f'"pubkey":"{key}",'.replace("/", "\\/")),
        Pasted(
            "Cloudflare's API",
            json.dumps(
                {
                    "result": [
                        {"id": "023e105f4ecef8ad9ca31a8372d0c353", "name": FULL, "type": "TXT"}
                        | {"content": halves, "ttl": 3600}
                    ],
                    "success": True,
                },
                indent=2,
            ),
        ),
        Pasted("Route 53", f'"ResourceRecords": [ {{ "Value": {in_json} }} ],\n"TTL": 300'),
        Pasted("the AWS CLI as text", f"RESOURCERECORDS\t{halves}"),
        Pasted(
            "Google Cloud DNS",
            json.dumps({"kind": "dns#resourceRecordSet", "name": f"{FULL}.", "rrdatas": [halves]}),
        ),
        Pasted("gcloud", f"NAME  TYPE  TTL  DATA\n{FULL}.  TXT  300  {halves}"),
        Pasted(
            "DigitalOcean's API",
            json.dumps({"type": "TXT", "name": OWNER, "data": value, "ttl": 1800}),
        ),
        Pasted(
            "JSON that escapes signs of HTML", json.dumps({"data": value}).replace("=", "\\u003d")
        ),
        Pasted(
            "JSON that escapes quote marks", json.dumps({"data": halves}).replace('\\"', "\\u0022")
        ),
        Pasted("a list of strings in JSON", json.dumps([one, two])),
        Pasted("PEM in JSON", json.dumps({"public_key": pem(key)})),
        Pasted("YAML, plain", f"  value: {value}\n  ttl: 300\n"),
        Pasted("YAML in single quotes", f"  value: '{value}'\n  ttl: 300\n"),
        Pasted("YAML in double quotes", f'  value: "{value}"\n  ttl: 300\n'),
        Pasted("YAML, a folded block", f"  value: >-\n{folded}\n  ttl: 300\n"),
        Pasted("YAML, a literal block", f"  value: |\n{folded}\n"),
        Pasted("YAML of gcloud", f"rrdatas:\n- '{halves}'\nttl: 300\n"),
        Pasted("octoDNS", f"{OWNER}:\n  ttl: 300\n  type: TXT\n  value: {escaped}\n"),
        Pasted("octoDNS, quoted", f'value: "{escaped.replace(chr(92), chr(92) * 2)}"'),
        Pasted("Terraform", f'  records = ["{value}"]\n  ttl = 300\n'),
        Pasted("Terraform for Route 53", f'  records = ["{one}\\"\\"{two}"]\n'),
        Pasted("Terraform for Google", f'  rrdatas = ["\\"{one}\\" \\"{two}\\""]\n'),
        Pasted(
            "Terraform, joined",
            f'  value = join("", [\n    "{one}",\n    "{two}",\n  ])\n  ttl = 300\n',
        ),
        Pasted("Terraform, a heredoc", f"  value = <<-EOT\n    {value}\n  EOT\n  ttl = 300\n"),
        Pasted("dnscontrol", f'TXT("{OWNER}", "{value}", TTL(3600)),'),
        Pasted("dnscontrol, its strings added", f'TXT("{OWNER}", "{one}" +\n    "{two}"),'),
        Pasted("dnscontrol in single quotes", f"TXT('{OWNER}', '{value}')"),
        Pasted("CSV", f'{OWNER},TXT,"{value}",3600'),
        Pasted("CSV, all quoted", f'"{OWNER}","TXT","{value}","3600"'),
        Pasted("CSV of quoted strings", f'{OWNER},TXT,"""{one}"" ""{two}""",3600'),
        Pasted("CSV without quote marks", f"{OWNER},TXT,{value},3600"),
        Pasted("a shell's argument", f"--dkim '{halves}'"),
        Pasted("PHP", f"$dkim = '{one}' .\n  '{two}';"),
    ]


def _chats(key: str, tags: str) -> list[Pasted]:
    value = tags + key
    halves = f'"{value[:255]}" "{value[255:]}"'
    return [
        Pasted("backticks", f"`{value}`"),
        Pasted("double backticks", f"`` {value} ``"),
        Pasted("a code block", f"```\n{value}\n```"),
        Pasted("a code block with a language", f"```dns\n{OWNER} IN TXT {halves}\n```"),
        Pasted("a code block on one line", f"```{value}```"),
        Pasted("a quotation", f"> {value}"),
        Pasted(
            "a quotation of several lines", "\n".join(f"> {x}" for x in textwrap.wrap(value, 70))
        ),
        Pasted("a quotation of all that follows", f">>> {value}"),
        Pasted("a spoiler", f"||{value}||"),
        Pasted("a spoiler of code", f"||`{halves}`||"),
        Pasted("bold", f"**{value}**"),
        Pasted("underlined", f"__{value}__"),
        Pasted("struck out", f"~~{value}~~"),
        Pasted("a sentence with it", f"Here's the record for our domain: `{value}`, please"),
        Pasted(
            "PEM in a quoted code block",
            "> ```\n" + "".join(f"> {x}\n" for x in pem(key).splitlines()) + "> ```",
        ),
    ]
