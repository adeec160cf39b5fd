"""All sentences that people read: the templates, and how values are put into them.

Templates are ours (or the operator's, from TEMPLATES_DIR); values come from zones and people and
are hostile: none is ever compiled, each is made visible and short, and where it stands in a Discord
message it cannot ping, format, or break out of its code span.
"""

from __future__ import annotations

import contextlib
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import jinja2.compiler

from bot.characters import reveal, shorten
from bot.errors import CodedError, ConfigError, TextError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2.bccache import Bucket

    from bot.checks.finding import Finding, Note
    from bot.errors import CowbellError, Fact
    from bot.names import ParsedDomain

_LONGEST_TYPED = 254  # octets of a mail address (RFC 5321 section 4.5.3.1.3); names have fewer
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))
_ENOUGH = 5  # of a unit, from which on the part of one that is left over is not worth words
_MARKDOWN = re.compile(r"([\\`*_~|>#\[\]()<:@-])")


# What an expression in an own template can raise while it is rendered, such as {{ 1 / 0 }}.
_FAULTS_INSIDE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Medium(StrEnum):
    """Where the words will be read."""

    PLAIN = "plain"  # terminals, JSON, files
    DISCORD = "discord"


class _Safe(str):
    """Text that has been made safe for its medium already."""

    __slots__ = ()


class _CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """Keeps what templates were compiled to in a folder beside them, as Python does with modules.

    What a template is compiled to depends on its text, on this module and on Jinja's compiler: see
    `finalize` and `optimized` below. Nothing is kept where the folder cannot be written, or Python
    may not write its own.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "__pycache__"), f"%s.{sys.implementation.cache_tag}.j2c")
        made_by = (Path(file).stat() for file in (__file__, jinja2.compiler.__file__))
        self._made_by = ";".join(f"{file.st_size} {file.st_mtime_ns}" for file in made_by)

    def get_source_checksum(self, source: str) -> str:
        """Return what tells the code that is kept from that of an older text or program."""
        return super().get_source_checksum(f"{self._made_by};{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template the code that is kept for its text, if any is."""
        with contextlib.suppress(Exception):  # a damaged file raises whatever its bytes lead to
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the code of one template, in one step."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


class Words:
    """Renders templates for one medium; those in the folder `own` go before the shipped ones.

    Raises:
        ConfigError: a template in `own` does not compile.
        TextError: a template uses a value that it is not given.

    """

    def __init__(self, medium: Medium = Medium.PLAIN, own: Path | None = None) -> None:
        self._medium = medium
        self._own = own
        folders = [own] if own else []
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([*folders, shipped_templates()]),
            undefined=jinja2.StrictUndefined,
            finalize=self._finalize,
            optimized=False,  # so that no filter is called while a template is compiled
            bytecode_cache=None if own else _CompiledTemplates(shipped_templates()),
            autoescape=False,  # noqa: S701 - not HTML; `finalize` makes every value safe
        )
        self._environment.filters["code"] = self.code
        self._environment.filters["typed"] = self._typed
        self._environment.filters["join_words"] = self._join
        self._environment.filters["clock"] = self.clock
        self._environment.filters["day"] = self.day
        self._environment.filters["menu"] = self._menu
        self._environment.filters["duration"] = _say_duration
        if own:
            self._compile_all(own)

    @cached_property
    def plain(self) -> Words:
        """The same words for files and terminals."""
        return self if self._medium is Medium.PLAIN else Words(Medium.PLAIN, self._own)

    def finding(self, finding: Finding, context: Mapping[str, Fact]) -> str:
        """Return a finding's sentences, and when its steps take effect where that is known."""
        facts = {**context, **finding.facts}
        said = self.sentence(f"findings/{finding.code}", facts)
        if "typed_in" in facts:
            said = f"{said} {self.sentence('steps/typed_in', facts)}"
        if finding.seen_after is None or not finding.fixes:
            return said
        when = self.sentence("steps/seen_after", {"seconds": finding.seen_after})
        if not said.endswith("."):
            return f"{said} {when}"
        return f"{said.removesuffix('.')}; {when[:1].lower()}{when[1:]}"

    def reason(self, finding: Finding, context: Mapping[str, Fact]) -> str:
        """Return why a finding is one: what receivers do and what comes of it, in two sentences."""
        return self.sentence(f"reasons/{finding.code}", {**context, "check": finding.check.value})

    def note(self, note: Note, context: Mapping[str, Fact]) -> str:
        """Return the remark beside a check's status."""
        return self.sentence(f"notes/{note.code}", {**context, **note.facts})

    def error(self, error: CowbellError) -> str:
        """Return what people are told of an expected failure, in one or two sentences."""
        if isinstance(error, CodedError):
            return self.sentence(f"errors/{error.code}", error.facts)
        return str(error)

    def remark(self, parsed: ParsedDomain) -> str | None:
        """Return what is said where a domain was taken out of a link or an address; else None."""
        if parsed.taken_from is None:
            return None
        domain = parsed.domain
        facts = {
            "domain": domain.unicode,
            "ascii": domain.ascii,  # others may look just like it
            "taken_from": parsed.taken_from,
        }
        return self.sentence("names/taken_from", facts)

    def sentence(self, template: str, facts: Mapping[str, Fact]) -> str:
        """Return a template's text on one line, white space folded."""
        return " ".join(self.render(template, facts).split())

    def lines(self, template: str, facts: Mapping[str, Fact]) -> tuple[str, ...]:
        """Return the lines of a template's text, white space folded and empty ones left out."""
        folded = (" ".join(line.split()) for line in self.render(template, facts).splitlines())
        return tuple(line for line in folded if line)

    def render(self, template: str, facts: Mapping[str, object]) -> str:
        """Return a template's text as it stands."""
        name = f"en/{template}.j2"
        try:
            return self._environment.get_template(name).render(facts)
        except (jinja2.TemplateError, *_FAULTS_INSIDE) as error:
            raise TextError(f"The template {name} cannot be used: {error}.") from error

    def label(self, group: str, key: str) -> str:
        """Return a single word or heading from `labels.j2`."""
        try:
            return str(getattr(self._labels, group)[key])
        except (AttributeError, KeyError, TypeError):
            if self._shipped is not None:  # an own labels.j2 may be of an earlier version
                return self._shipped.label(group, key)
        raise TextError(f"The template en/labels.j2 has no word for {group}.{key}.")

    @cached_property
    def _labels(self) -> object:
        try:
            return self._environment.get_template("en/labels.j2").module
        except jinja2.TemplateError as error:
            raise TextError(f"The template en/labels.j2 cannot be used: {error}.") from error

    @cached_property
    def _shipped(self) -> Words | None:
        """The words as they come with the program, where the operator has own ones."""
        return None if self._own is None else Words(self._medium)

    def code(self, value: object) -> str:
        """Return a name or a value as it is to be typed: a code span where there are such."""
        return self._in_code(shorten(str(value)))

    def _typed(self, value: object) -> str:
        """Return an address or a name of a host like that, and never cut: half of it is wrong."""
        return self._in_code(shorten(str(value), _LONGEST_TYPED))

    def _in_code(self, short: str) -> str:
        text = reveal(short)
        if self._medium is Medium.PLAIN:
            return _Safe(text)
        return _Safe(f"`{text.replace('`', 'ˋ') or ' '}`")

    def clock(self, value: object, *, dated: object = False) -> str:
        """Return a moment, in seconds since 1970, as a time of day; `dated` with its day.

        Discord shows it in each reader's own time zone; elsewhere it is UTC.
        """
        seconds = int(str(value))
        if self._medium is Medium.DISCORD:
            return _Safe(f"<t:{seconds}:{'f' if dated else 't'}> (<t:{seconds}:R>)")
        form = "%H:%M UTC on %Y-%m-%d" if dated else "%H:%M UTC"
        return _Safe(datetime.fromtimestamp(seconds, UTC).strftime(form))

    def day(self, value: object) -> str:
        """Return the day of a moment, in seconds since 1970; elsewhere than on Discord in UTC."""
        seconds = int(str(value))
        if self._medium is Medium.DISCORD:
            return _Safe(f"<t:{seconds}:D>")
        at = datetime.fromtimestamp(seconds, UTC)
        return _Safe(f"{at.day} {self.label('months', str(at.month))} {at.year}")

    def _join(self, values: Iterable[object]) -> str:
        words = [self.code(value) for value in values]
        if len(words) < 2:
            return _Safe("".join(words))
        return _Safe(f"{', '.join(words[:-1])} and {words[-1]}")

    def _menu(self, labels: Iterable[object]) -> str:
        """Return what stands on a screen, several as a way through menus."""
        way = " → ".join(str(self._make_safe(label)) for label in labels)
        return _Safe(f"**{way}**" if self._medium is Medium.DISCORD else f"“{way}”")

    @jinja2.pass_context  # so that it is never called while a template is compiled
    def _finalize(self, _: jinja2.runtime.Context, value: object) -> object:
        return self._make_safe(value)

    def _make_safe(self, value: object) -> object:
        # An undefined value has to reach Jinja as it is, so that StrictUndefined raises.
        if isinstance(value, _Safe | jinja2.Undefined):
            return value
        text = reveal(shorten(str(value)))
        return text if self._medium is Medium.PLAIN else _MARKDOWN.sub(r"\\\1", text)

    def _compile_all(self, own: Path) -> None:
        faults = []
        for path in sorted(own.rglob("*.j2")):
            name = path.relative_to(own).as_posix()
            try:
                self._environment.get_template(name)
            except (jinja2.TemplateError, UnicodeDecodeError) as error:
                faults.append(f"TEMPLATES_DIR: {name} is no valid Jinja template ({error}).")
        if faults:
            raise ConfigError(tuple(faults))


def _say_duration(value: object) -> str:
    """Return seconds in words, in the largest unit that says them to about a tenth."""
    seconds = int(str(value))
    for unit, size in _UNITS:
        if seconds >= size:
            whole = round(seconds / size)
            if seconds % size == 0 or whole >= _ENOUGH:
                return _Safe(f"{whole} {unit}{'' if whole == 1 else 's'}")
    return _Safe("a minute")


def shipped_templates() -> Path:
    """Return the folder of the templates that come with the program."""
    inside = Path(__file__).parent / "templates"  # where a wheel carries them
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"
