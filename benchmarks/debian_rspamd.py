"""rspamd as Debian has it, which signs as Mailcow has it sign, for as long as a block lasts."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from benchmarks.debian_servers import run_to_end, wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

RSPAMD: Final = "127.0.0.1:11333"  # where mails are judged over HTTP


@asynccontextmanager
async def rspamd(folder: Path, keys: Mapping[str, bytes]) -> AsyncIterator[None]:
    """Have rspamd as a milter at 127.0.0.1:9900 and over HTTP at 127.0.0.1:11333.

    It signs what members send as Mailcow has it sign: by the domain of the envelope, with the key
    and the selector that stand in Redis. `keys` are PEM by "selector.domain".
    """
    _write_rspamd(folder)
    redis = await asyncio.create_subprocess_exec(
        "/usr/bin/redis-server", *("--bind", "127.0.0.1", "--save", ""), stdout=DEVNULL
    )
    variables = {"LOCAL_CONFDIR": folder, "DBDIR": folder / "db", "RUNDIR": folder / "run"}
    words = [f"--var={name}={value}" for name, value in variables.items()]
    process = None
    try:
        await wait_for("127.0.0.1", 6379, folder / "redis.log")
        for place, pem in keys.items():
            selector, _, domain = place.partition(".")
            await run_to_end("/usr/bin/redis-cli", "HSET", "DKIM_PRIV_KEYS", place, pem.decode())
            await run_to_end("/usr/bin/redis-cli", "HSET", "DKIM_SELECTORS", domain, selector)
        process = await asyncio.create_subprocess_exec(
            *("/usr/bin/rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd"),
            *("-c", "/etc/rspamd/rspamd.conf", *words),
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        for port in (9900, 11333):
            await wait_for("127.0.0.1", port, folder / "rspamd.log")
        yield
    finally:
        for each in filter(None, (process, redis)):
            each.terminate()
            await each.wait()


def _write_rspamd(folder: Path) -> None:
    for name in ("local.d", "override.d", "db", "run"):
        (folder / name).mkdir(parents=True)
        shutil.chown(folder / name, "_rspamd", "_rspamd")
    shutil.chown(folder, "_rspamd", "_rspamd")
    for name, text in _RSPAMD.items():
        (folder / "local.d" / name).write_text(text.format(folder=folder))


# What of Mailcow's rspamd is about signing, and nothing that would ask others or hold mail back.
_RSPAMD: Final = {
    "dkim_signing.conf": """
use_redis = true;
key_prefix = "DKIM_PRIV_KEYS";
selector_prefix = "DKIM_SELECTORS";
selector = "dkim";
use_domain = "envelope";
use_esld = false;
allow_envfrom_empty = true;
allow_hdrfrom_mismatch = true;
allow_hdrfrom_multiple = true;
allow_username_mismatch = true;
sign_authenticated = true;
sign_local = true;
try_fallback = true;
""",
    "milter_headers.conf": """
use = ["authentication-results"];
skip_local = false;
skip_authenticated = true;
""",
    "spf.conf": "min_cache_ttl = 1s;\n",
    # On a busy machine it would give up, and let mail go unsigned, which is about something else.
    "redis.conf": 'servers = "127.0.0.1:6379";\ntimeout = 60s;\n',
    "options.inc": "task_timeout = 120s;\n"
    'dns {{ nameserver = ["127.0.0.1:53"]; timeout = 1s; retransmits = 2; }}\n'
    'local_addrs = ["127.0.0.0/8"];\ndisable_monitoring = true;\n'
    # It would make ready for all suffixes that there are, for a minute on a busy machine.
    'url_tld = "{folder}/local.d/suffixes";\n',
    "suffixes": "example\n",
    "logging.inc": 'type = "file";\nfilename = "{folder}/rspamd.log";\n',
    "worker-normal.inc": 'bind_socket = "127.0.0.1:11333";\n',
    "worker-controller.inc": "enabled = false;\n",
    "worker-fuzzy.inc": "enabled = false;\n",
    "worker-proxy.inc": """
bind_socket = "127.0.0.1:9900";
milter = yes;
upstream "local" {{
  default = yes;
  hosts = "127.0.0.1:11333";
}}
""",
    **dict.fromkeys(
        (
            *("arc.conf", "asn.conf", "fuzzy_check.conf", "greylist.conf", "history_redis.conf"),
            *("mx_check.conf", "neural.conf", "phishing.conf", "ratelimit.conf", "rbl.conf"),
            *("replies.conf", "reputation.conf", "surbl.conf", "url_redirector.conf"),
        ),
        "enabled = false;\n",
    ),
}
