"""The console's commands: what they take, what they print, how they exit.

Exit codes: 0 nothing failed, 1 something failed, 2 wrong usage or not a domain, 3 something found
nothing out at all. Errors go to stderr, one line each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.console.exits import FAILED, NOTHING_FOUND_OUT, WRONG_USAGE, complain, exit_code_of
from bot.console.options import (
    DkimOption,
    Format,
    NameserverOption,
    ProviderOption,
    StageOption,
)
from bot.errors import CodedError, DiscordUnreachable, StoreError, UsageError

# A command imports its parts when it runs, so that none waits for what another one needs; the help
# needs none of them.

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The Discord front desk of a mail server, on the console.",
)


@app.command()
def run() -> None:
    """Connect to Discord, and answer members until stopped by SIGTERM or Ctrl+C."""
    import asyncio

    from bot.app.console_root import run as run_bot
    from bot.config.loading import load_settings

    try:
        asyncio.run(run_bot(load_settings()))
    except (DiscordUnreachable, StoreError) as error:
        # It may pass by itself: a service manager tries again, as it must not after WRONG_USAGE.
        complain(error)
        raise typer.Exit(FAILED) from error


@app.command()
def settings(
    address: Annotated[
        str | None, typer.Argument(help="Your mail address, to fill in the user name.")
    ] = None,
    app_key: Annotated[
        str | None,
        typer.Option("--app", metavar="KEY", help="Show the steps for this mail app."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the mail client settings, or the steps that set up one app."""
    from bot.config.loading import load_settings
    from bot.console.app_page import show_app
    from bot.console.arguments import read_address, read_app
    from bot.console.settings_json import settings_as_json
    from bot.console.settings_page import show_settings
    from bot.console.terminal import make_console
    from bot.records.client_settings import client_settings
    from bot.words import Words

    mail_app = read_app(app_key)
    config = load_settings()
    words = Words(own=config.templates_dir)
    who = read_address(address, words) if address is not None else None
    found = client_settings(config.mail_server(), who)
    if as_json:
        typer.echo(settings_as_json(found, mail_app, words))
    elif mail_app is not None:
        show_app(make_console(), mail_app, found, words)
    else:
        show_settings(make_console(), found, words)


@app.command()
def records(
    domain: Annotated[str, typer.Argument(help="The mail domain, e.g. friend.example.")],
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    dkim: DkimOption = None,
    provider: ProviderOption = None,
    stage: StageOption = None,
) -> None:
    """Show what a domain should publish; DMARC with p=none, unless --stage says otherwise."""
    import asyncio

    from bot.app.console_root import open_core
    from bot.checks.observe.zone import find_place
    from bot.config.loading import load_settings
    from bot.console.arguments import read_domain, require_provider
    from bot.console.key_option import read_key
    from bot.console.records_page import show_records
    from bot.console.terminal import make_console
    from bot.words import Words

    require_provider(provider)
    config = load_settings()
    words = Words(own=config.templates_dir)
    wanted = read_domain(domain, words)
    key = read_key(dkim, config.dkim_selector, words)

    async def show() -> None:
        async with open_core(config) as core:
            expected = await core.expect(wanted, key)
            if stage is not None:
                expected = expected.at_policy(stage)
            place = None
            if output is Format.TABLE:  # the other formats are the same for every provider
                place = await find_place(core.checker.ask, wanted)
            show_records(make_console(), expected, output, words, place=place, provider=provider)

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
    import asyncio

    from bot.app.console_root import open_core
    from bot.config.loading import load_settings
    from bot.console.arguments import read_domain, read_servers, require_provider
    from bot.console.bulk import OutputOptions, SweepOutcome, read_domains, sweep
    from bot.console.changes_page import read_earlier
    from bot.console.key_option import read_key
    from bot.words import Words

    require_provider(provider)
    names = [*(domains or []), *(read_domains(file) if file else [])]
    if not names:
        raise UsageError("Name at least one domain, e.g. check friend.example.")
    if dkim is not None and len(names) > 1:
        raise UsageError("--dkim is one domain's key; give it with one domain only.")
    config = load_settings()
    words = Words(own=config.templates_dir)
    servers = read_servers(nameserver or ())
    key = read_key(dkim, config.dkim_selector, words)
    earlier = read_earlier(since) if since is not None else None
    wanted, wrong = [], False
    for name in names:
        try:
            wanted.append(read_domain(name, words))
        except UsageError as error:
            wrong = True
            complain(error)
    output = OutputOptions(as_json, explain, earlier, provider)

    async def run() -> SweepOutcome:
        async with open_core(config, servers) as core:
            return await sweep(core, list(dict.fromkeys(wanted)), key, output)

    outcome = asyncio.run(run())
    if wrong:
        raise typer.Exit(WRONG_USAGE)
    if outcome.failed:
        raise typer.Exit(FAILED)
    if outcome.nothing_found_out:
        raise typer.Exit(NOTHING_FOUND_OUT)


@app.command()
def history(
    domain: Annotated[str, typer.Argument(help="A domain that the bot watches.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how a domain stood in the last 400 days, and what changed; nothing is asked for it."""
    import asyncio

    from bot.app.console_root import read_history
    from bot.checks.finding import Status
    from bot.config.loading import load_settings
    from bot.console.arguments import read_domain
    from bot.console.history_json import history_as_json
    from bot.console.history_page import show_history
    from bot.console.terminal import make_console
    from bot.words import Words

    config = load_settings()
    words = Words(own=config.templates_dir)
    wanted = read_domain(domain, words)
    found = asyncio.run(read_history(config, wanted))
    if as_json:
        typer.echo(history_as_json(wanted, found, words))
    elif found is None:
        typer.echo(words.sentence("console/no_history", {"domain": wanted.unicode}))
    else:
        show_history(make_console(), found, words)
    if found is None:
        raise typer.Exit(NOTHING_FOUND_OUT)
    if found.status is Status.FAIL:
        raise typer.Exit(FAILED)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look whether everything works that the bot stands on; also beside a running bot."""
    import asyncio

    from bot.app.console_root import examine_all
    from bot.checks.finding import Status
    from bot.config.loading import load_settings
    from bot.console.doctor_page import lines_as_json, show_lines
    from bot.console.terminal import make_console
    from bot.doctor.line import found_nothing_out
    from bot.words import Words

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
    """Show what the mail server itself has wrong, in the DNS and at its ports, for its admin."""
    import asyncio

    from bot.app.console_root import open_core
    from bot.checks.finding import Status
    from bot.checks.server.server_report import ServerReport, found_nothing_out
    from bot.config.loading import load_settings
    from bot.console.arguments import read_servers
    from bot.console.server_page import show_server
    from bot.console.terminal import make_console

    config = load_settings()
    servers = read_servers(nameserver or ())

    async def look() -> ServerReport:
        async with open_core(config, servers) as core:
            report = await core.check_server()
            show_server(make_console(), report, core.server, core.words, as_json=as_json)
            return report

    report = asyncio.run(look())
    if report.status is Status.FAIL:
        raise typer.Exit(FAILED)
    if found_nothing_out(report):
        raise typer.Exit(NOTHING_FOUND_OUT)


@app.command()
def invite() -> None:
    """Print the link that lets the bot into a Discord server."""
    import asyncio

    from bot.app.console_root import invite as make_invitation
    from bot.config.loading import load_settings
    from bot.console.invitation_page import show_invitation
    from bot.words import Words

    config = load_settings()
    show_invitation(asyncio.run(make_invitation(config)), Words(own=config.templates_dir))


@app.command()
def demo(
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a tour on the console instead, and end.")
    ] = False,
) -> None:
    """Try everything in a browser, on a simulated Discord: no token, no network, no mail server."""
    import asyncio

    from bot.console.terminal import make_console
    from bot.demo.extra_packages import require_extra

    if tour:
        from bot.demo.tour import play_tour

        asyncio.run(play_tour(make_console()))
        return
    require_extra()
    from bot.demo.browser_demo import show_demo

    asyncio.run(show_demo(make_console()))


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to make, e.g. backup.db.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file at PATH.")] = False,
) -> None:
    """Copy the database to a file of its own; the bot may be running meanwhile."""
    from bot.config.loading import load_settings
    from bot.console.backup_page import show_backup
    from bot.store.backup.backup import back_up
    from bot.words import Words

    config = load_settings()
    contents = back_up(config.database_url, path, force=force)
    show_backup(path, contents, Words(own=config.templates_dir))


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `backup` made.")],
) -> None:
    """Put a backup in the place of the database, which is kept aside; stop the bot before."""
    from datetime import UTC, datetime

    from bot.config.loading import load_settings
    from bot.console.backup_page import show_restored
    from bot.store.backup.backup import restore as put_back
    from bot.words import Words

    config = load_settings()
    restored = put_back(config.database_url, path, datetime.now(UTC))
    show_restored(path, restored, Words(own=config.templates_dir))


def main() -> int:
    """Run the console and return its exit code."""
    return exit_code_of(lambda: app(standalone_mode=False), _word)


def _word(error: CodedError) -> str:
    # Templates take long to load, and few errors need them.
    from bot.words import Words

    return Words().error(error)
