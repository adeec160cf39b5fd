"""The console's commands: what they take, what they print, how they exit.

Exit codes: 0 nothing failed, 1 something failed, 2 wrong usage or not a domain, 3 something found
nothing out at all. Errors go to stderr, one line each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.console.exits import exit_code_of
from bot.console.options import (
    DkimOption,
    Format,
    NameserverOption,
    ProviderOption,
    StageOption,
)
from bot.console_commands.loaded import begin_to_load, leave_all
from bot.errors import CodedError

# A command's module is imported when it is called, so that none waits for what another one needs;
# the help needs none of them. What a command returns is the exit code.

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The Discord front desk of a mail server, on the console.",
)


@app.command()
def run() -> int:
    """Connect to Discord, and answer members until stopped by SIGTERM or Ctrl+C."""
    from bot.console_commands.run_command import run as run_bot

    return run_bot()


@app.command()
def work() -> int:
    """Look at domains and carry out requests beside `run`; several can, and need PostgreSQL."""
    from bot.console_commands.work_command import work as run_worker

    return run_worker()


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
    from bot.console_commands.settings_command import print_settings

    print_settings(address, app_key, as_json=as_json)


@app.command()
def records(
    domain: Annotated[str, typer.Argument(help="The mail domain, e.g. friend.example.")],
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    dkim: DkimOption = None,
    provider: ProviderOption = None,
    stage: StageOption = None,
) -> None:
    """Show what a domain should publish; DMARC with p=none, unless --stage says otherwise."""
    from bot.console_commands.records_command import print_records

    print_records(domain, output, dkim, provider, stage)


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
) -> int:
    """Show what domains do publish, and what to change."""
    from bot.console_commands.check_command import CheckCall
    from bot.console_commands.check_command import check as check_domains

    return check_domains(
        CheckCall(
            domains=domains or (),
            file=file,
            as_json=as_json,
            nameservers=nameserver or (),
            dkim=dkim,
            explain=explain,
            since=since,
            provider=provider,
        )
    )


@app.command()
def history(
    domain: Annotated[str, typer.Argument(help="A domain that the bot watches.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Show how a domain stood in the last 400 days, and what changed; nothing is asked for it."""
    from bot.console_commands.history_command import print_history

    return print_history(domain, as_json=as_json)


@app.command()
def rotate(
    domain: Annotated[
        str | None, typer.Argument(help="The domain whose DKIM key is to be changed.")
    ] = None,
    *,
    size: Annotated[
        int | None, typer.Option("--size", help="Bits of the new key: 2048, or 4096.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the old key instead.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Begin all that are due: old keys, and short ones.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --due: only list them, begin none.")
    ] = False,
    leftovers: Annotated[
        bool, typer.Option("--leftovers", help="List keys left behind on the mail server.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="With --leftovers: take them away.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Change a domain's DKIM key without a gap, or go back; the bot that runs does the work."""
    from bot.console_commands.rotate_command import RotateCall
    from bot.console_commands.rotate_command import rotate as rotate_keys

    return rotate_keys(
        RotateCall(
            domain=domain,
            size=size,
            undo=undo,
            due=due,
            dry_run=dry_run,
            leftovers=leftovers,
            remove=remove,
            as_json=as_json,
        )
    )


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Look whether everything works that the bot stands on; also beside a running bot."""
    from bot.console_commands.doctor_command import print_examination

    return print_examination(as_json=as_json)


@app.command()
def server(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    nameserver: NameserverOption = None,
) -> int:
    """Show what the mail server itself has wrong, in the DNS and at its ports, for its admin."""
    from bot.console_commands.server_command import print_server

    return print_server(nameserver or (), as_json=as_json)


@app.command()
def invite() -> None:
    """Print the link that lets the bot into a Discord server."""
    from bot.console_commands.invite_command import print_invitation

    print_invitation()


@app.command()
def demo(
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a tour on the console instead, and end.")
    ] = False,
) -> None:
    """Try everything in a browser, on a simulated Discord: no token, no network, no mail server."""
    from bot.console_commands.demo_command import show

    show(tour=tour)


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to make, e.g. backup.db.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file at PATH.")] = False,
) -> int:
    """Copy the database to a file of its own; the bot may be running meanwhile."""
    from bot.console_commands.backup_command import make_backup

    return make_backup(path, force=force)


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `backup` made.")],
) -> int:
    """Put a backup in the place of the database, which is kept aside; stop the bot before."""
    from bot.console_commands.backup_command import put_back

    return put_back(path)


@app.command()
def move_database(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="An empty PostgreSQL database, e.g. postgresql+asyncpg://cowbell@db.example/cowbell"
            "; - reads it from stdin, which keeps a password out of the list of processes.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Copy all of the SQLite database to PostgreSQL, and compare; stop the bot before."""
    from bot.console_commands.move_command import move

    return move(url, as_json=as_json)


def main() -> int:
    """Run the console and return its exit code."""
    begin_to_load()
    try:
        return exit_code_of(lambda: app(standalone_mode=False), _word)
    finally:
        leave_all()


def _word(error: CodedError) -> str:
    # Templates take long to load, and few errors need them.
    from bot.words import Words

    return Words().error(error)
