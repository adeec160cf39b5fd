"""The console's commands: what they take, what they print, how they exit.

Exit codes: 0 nothing failed, 1 something failed, 2 wrong usage or not a domain, 3 something found
nothing out at all. Errors go to stderr, one line each.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.app.console_root import examine_all, open_core, parse_key, parse_servers
from bot.app.console_root import invite as make_invitation
from bot.app.console_root import run as run_bot
from bot.characters import reveal
from bot.checks.finding import Status
from bot.checks.observe.zone import find_place
from bot.checks.report import Report
from bot.checks.server.server_report import found_nothing_out as found_nothing_of_server
from bot.config.settings import load_settings
from bot.console.backup_page import show_backup, show_restored
from bot.console.bulk import Manner, Outcome, read_domains, sweep
from bot.console.changes_page import read_earlier
from bot.console.doctor_page import lines_as_json, show_lines
from bot.console.invitation_page import show_invitation
from bot.console.provider_option import check_provider
from bot.console.records_page import Format, show_records
from bot.console.server_page import show_server
from bot.console.settings_page import show_settings
from bot.console.terminal import make_console
from bot.demo.extra_packages import require_extra
from bot.doctor.line import found_nothing_out
from bot.errors import (
    ConfigError,
    CowbellError,
    DiscordUnreachable,
    InvalidName,
    StoreError,
    UsageError,
)
from bot.names import Domain, MailAddress
from bot.records.client_settings import client_settings
from bot.words import Words

OK, FAILED, WRONG_USAGE, NOTHING_FOUND_OUT = 0, 1, 2, 3

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The Discord front desk of a mail server, on the console.",
)


DkimOption = Annotated[
    str | None,
    typer.Option("--dkim", metavar="TXT", help="The DKIM value that the mail server handed out."),
]

NameserverOption = Annotated[
    list[str] | None,
    typer.Option("--nameserver", metavar="IP[:PORT]", help="Ask this server, and no other."),
]


ProviderOption = Annotated[
    str | None,
    typer.Option("--provider", metavar="KEY", help="Speak the words of this DNS provider."),
]


@app.command()
def run() -> None:
    """Connect to Discord, and answer members until stopped by SIGTERM or Ctrl+C."""
    try:
        asyncio.run(run_bot(load_settings()))
    except (DiscordUnreachable, StoreError) as error:
        # It may pass by itself: a service manager tries again, as it must not after WRONG_USAGE.
        _complain(error)
        raise typer.Exit(FAILED) from error


@app.command()
def settings(
    address: Annotated[
        str | None, typer.Argument(help="Your mail address, to fill in the user name.")
    ] = None,
) -> None:
    """Show the mail client settings."""
    config = load_settings()
    who = MailAddress.parse(address) if address is not None else None
    words = Words(own=config.templates_dir)
    show_settings(make_console(), client_settings(config.mail_server(), who), words)


@app.command()
def records(
    domain: Annotated[str, typer.Argument(help="The mail domain, e.g. friend.example.")],
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    dkim: DkimOption = None,
    provider: ProviderOption = None,
) -> None:
    """Show what a domain should publish."""
    check_provider(provider)
    config = load_settings()
    parsed = Domain.parse(domain)
    _remark(parsed.remark)
    key = parse_key(dkim, config.mail_server())

    async def show() -> None:
        async with open_core(config) as core:
            expected = await core.expect(parsed.domain, key)
            place = None
            if output is Format.TABLE:  # the other formats are the same for every provider
                place = await find_place(core.checker.ask, parsed.domain)
            show_records(
                make_console(), expected, output, core.words, place=place, provider=provider
            )

    asyncio.run(show())


@app.command()
def check(
    domains: Annotated[
        list[str] | None, typer.Argument(metavar="DOMAIN...", help="One or more mail domains.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="A file of domains, one a line; - for stdin.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a domain.")] = False,
    nameserver: NameserverOption = None,
    dkim: DkimOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why for each finding, with the RFC's section.")
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option("--since", help="What check --json printed before: say what changed since."),
    ] = None,
    provider: ProviderOption = None,
) -> None:
    """Show what domains do publish, and what to change."""
    check_provider(provider)
    names = [*(domains or []), *(read_domains(file) if file else [])]
    if not names:
        raise UsageError("Name at least one domain, e.g. check friend.example.")
    if dkim is not None and len(names) > 1:
        raise UsageError("--dkim is one domain's key; give it with one domain only.")
    config = load_settings()
    servers = parse_servers(nameserver or ())
    key = parse_key(dkim, config.mail_server())
    earlier = read_earlier(since) if since is not None else None
    wanted, wrong = [], False
    for name in names:
        try:
            parsed = Domain.parse(name)
        except InvalidName as error:
            wrong = True
            _complain(error)
        else:
            _remark(parsed.remark)
            wanted.append(parsed.domain)

    manner = Manner(as_json, explain, earlier, provider)

    async def run() -> Outcome:
        async with open_core(config, servers) as core:
            return await sweep(core, list(dict.fromkeys(wanted)), key, manner)

    outcome = asyncio.run(run())
    if wrong:
        raise typer.Exit(WRONG_USAGE)
    if outcome.failed:
        raise typer.Exit(FAILED)
    if outcome.nothing_found_out:
        raise typer.Exit(NOTHING_FOUND_OUT)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look whether everything works that the bot stands on; also beside a running bot."""
    config = load_settings()
    words = Words(own=config.templates_dir)
    lines = asyncio.run(examine_all(config))
    if as_json:
        typer.echo(lines_as_json(lines, words))
    else:
        show_lines(make_console(), lines, words)
    if any(line.status is Status.FAIL for line in lines):
        raise typer.Exit(FAILED)
    if found_nothing_out(lines):
        raise typer.Exit(NOTHING_FOUND_OUT)


@app.command()
def server(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    nameserver: NameserverOption = None,
) -> None:
    """Show what the mail server itself has wrong in the DNS, for its admin."""
    config = load_settings()
    servers = parse_servers(nameserver or ())

    async def look() -> Report:
        async with open_core(config, servers) as core:
            report = await core.check_server()
            show_server(make_console(), report, core, as_json=as_json)
            return report

    report = asyncio.run(look())
    if report.status is Status.FAIL:
        raise typer.Exit(FAILED)
    if found_nothing_of_server(report):
        raise typer.Exit(NOTHING_FOUND_OUT)


@app.command()
def invite() -> None:
    """Print the link that lets the bot into a Discord server."""
    config = load_settings()
    show_invitation(asyncio.run(make_invitation(config)), Words(own=config.templates_dir))


@app.command()
def demo(
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a tour on the console instead, and end.")
    ] = False,
) -> None:
    """Try everything in a browser, on a simulated Discord: no token, no network, no mail server."""
    # Imported late: the other commands do without the store, an HTTP server and the extra.
    if tour:
        from bot.demo.tour import play_tour  # noqa: PLC0415 - as said above

        asyncio.run(play_tour(make_console()))
        return
    require_extra()
    from bot.demo.browser_demo import show_demo  # noqa: PLC0415 - as said above

    asyncio.run(show_demo(make_console()))


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to make, e.g. backup.db.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file at PATH.")] = False,
) -> None:
    """Copy the database to a file of its own; the bot may be running meanwhile."""
    from bot.store.backup.backup import back_up  # noqa: PLC0415 - as in demo

    config = load_settings()
    contents = back_up(config.database_url, path, force=force)
    show_backup(path, contents, Words(own=config.templates_dir))


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `backup` made.")],
) -> None:
    """Put a backup in the place of the database, which is kept aside; stop the bot before."""
    from bot.store.backup.backup import restore as put_back  # noqa: PLC0415 - as in demo

    config = load_settings()
    restored = put_back(config.database_url, path, datetime.now(UTC))
    show_restored(path, restored, Words(own=config.templates_dir))


def main() -> int:
    """Run the console and return its exit code."""
    _take_any_character()
    try:
        return app(standalone_mode=False) or OK
    except ConfigError as error:
        _complain(*error.faults)
    except CowbellError as error:
        _complain(error)
    except typer.TyperException as error:
        _complain(*_explain(error))
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SystemExit as leaving:
        # Typer makes an exit of a broken pipe; it is none of ours.
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        _drop_output()
        return OK
    except OSError as error:
        _drop_output()
        if isinstance(error, BrokenPipeError):  # whoever read our output has gone
            return OK
        _complain(f"This cannot go on: {error.strerror or error}.")
    return WRONG_USAGE


def _take_any_character() -> None:
    r"""Write `\u2717` where the output's encoding lacks a character, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what Python still wants to flush go nowhere."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: typer.TyperException) -> list[str]:
    said = error.format_message()
    if not said:
        return ["Something is wrong with how this was called."]
    # Called without a command, the text is the whole help; else it is one fault, which may repeat
    # line ends that somebody typed.
    return said.splitlines() if said.startswith("Usage:") else [said]


def _complain(*errors: object) -> None:
    for error in errors:
        typer.echo(reveal(str(error)), err=True)


def _remark(remark: str | None) -> None:
    if remark:
        typer.echo(reveal(remark), err=True)
