"""The exit codes of the console, and the error lines on stderr."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import typer

from bot.characters import reveal
from bot.errors import CodedError, ConfigError, CowbellError

if TYPE_CHECKING:
    from collections.abc import Callable

OK, FAILED, WRONG_USAGE, NOTHING_FOUND_OUT = 0, 1, 2, 3
_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


def exit_code_of(command: Callable[[], int | None], word: Callable[[CodedError], str]) -> int:
    """Return the exit code of what the console was called for; errors go to stderr, one a line.

    `word` returns the sentence of an error that is a code and facts.
    """
    _take_any_character()
    try:
        return command() or OK
    except ConfigError as error:
        complain(*error.faults)
    except CowbellError as error:
        complain(word(error) if isinstance(error, CodedError) else error)
    except typer.TyperException as error:
        complain(*_explain(error))
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
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
        complain(f"This cannot go on: {error.strerror or error}.")
    return WRONG_USAGE


def complain(*sentences: object) -> None:
    """Write sentences to stderr, one a line, with everything invisible written out."""
    for sentence in sentences:
        typer.echo(reveal(str(sentence)), err=True)


def _take_any_character() -> None:
    r"""Write `\u2717` where the output's encoding lacks a character, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what Python still wants to flush go nowhere."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: typer.TyperException) -> list[str]:
    # The library says of a choice that it was no value, and then what it was no value of.
    said = error.format_message().replace(": Value error, ", ": ")
    if not said:
        return ["Something is wrong with how this was called."]
    # Called without a command, the text is the whole help; else it is one fault, which may repeat
    # line ends that somebody typed.
    return said.splitlines() if said.startswith("Usage:") else [said]
