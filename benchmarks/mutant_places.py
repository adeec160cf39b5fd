"""Where code can be mutated: what cosmic-ray finds, without what proves nothing; and a sample."""

from __future__ import annotations

import ast
import random
import re
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.plugins import get_operator, operator_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Cosmic-ray can replace each operator by each other. We keep the swaps that a person could have
# written by mistake. The others prove nothing: `text << text` raises in any test that comes by,
# `==` for `is` of one object means the same, and without its decorator a class does not even load.
MISTAKES: Final = re.compile(
    r"""core/(
        AddNot
        | Replace(AndWithOr|OrWithAnd|TrueWithFalse|FalseWithTrue)
        | Replace(BreakWithContinue|ContinueWithBreak)
        | ExceptionReplacer | NumberReplacer | ZeroIterationForLoop
        | ReplaceUnaryOperator_Delete_(Not|USub|Invert)
        | ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)
        | ReplaceComparisonOperator_(Lt_(LtE|GtE)|LtE_(Lt|Gt)|Gt_(GtE|LtE)|GtE_(Gt|Lt))
        | ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_FloorDiv|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul)
        | ReplaceBinaryOperator_(BitOr_BitAnd|BitAnd_BitOr|BitXor_BitOr|LShift_RShift|RShift_LShift)
    )""",
    re.VERBOSE,
)

# What parso calls an operation. The stars of `def f(*, a)` and `{**b}` are operators to cosmic-ray
# too, but to mutate them is an error of syntax.
OPERATIONS: Final = frozenset(
    {"arith_expr", "term", "power", "shift_expr", "expr", "xor_expr", "and_expr"}
)

Position = tuple[int, int]  # line from 1, column from 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file, as cosmic-ray names it."""

    part: str
    path: str  # from the root of the repository
    start: Position
    end: Position
    operator: str
    occurrence: int
    function: str | None

    @property
    def place(self) -> tuple[str, Position, Position]:
        """What is replaced, whatever by."""
        return self.path, self.start, self.end


def list_mutants(root: Path, part: str, folder: str) -> list[Mutant]:
    """Return the mutants of all modules below a folder, in the order of the code."""
    paths = sorted((root / folder).rglob("*.py"))
    mutants = [
        mutant
        for path in paths
        for mutant in _mutants_of(path.read_text("utf-8"), part, str(path.relative_to(root)))
    ]
    return sorted(mutants, key=attrgetter("path", "start", "end", "operator", "occurrence"))


def choose(mutants: Sequence[Mutant], number: int, seed: int) -> list[Mutant]:
    """Return so many mutants, or all there are: each of another place, the same for a seed.

    Five mutants of one comparison are one question to the tests, so each place counts once.
    """
    rng = random.Random(seed)
    ordered = sorted(mutants, key=attrgetter("place", "operator", "occurrence"))
    places = [list(group) for _, group in groupby(ordered, key=attrgetter("place"))]
    chosen = rng.sample(places, min(number, len(places)))
    return sorted((rng.choice(group) for group in chosen), key=attrgetter("place"))


def _mutants_of(code: str, part: str, path: str) -> Iterator[Mutant]:
    nodes = list(ast_nodes(get_ast(code)))
    silent = [_span(node) for node in _left_out(ast.parse(code))]
    for name in filter(MISTAKES.fullmatch, operator_names()):
        operator = get_operator(name)()
        positions = (
            (node, start, end) for node in nodes for start, end in operator.mutation_positions(node)
        )
        # Cosmic-ray finds a mutant by its number among all of the operator in the file.
        for occurrence, (node, start, end) in enumerate(positions):
            if name.startswith("core/ReplaceBinary") and node.parent.type not in OPERATIONS:
                continue
            # It can replace a name of an exception, and fails at one with dots.
            if name == "core/ExceptionReplacer" and not _cut(code, start, end).isidentifier():
                continue
            if not any(first <= start and end <= last for first, last in silent):
                function = ASTQuery(node).get_definition_name()
                yield Mutant(part, path, start, end, name, occurrence, function)


def _cut(code: str, start: Position, end: Position) -> str:
    """Return the code from one position to another of the same line."""
    return code.splitlines()[start[0] - 1][start[1] : end[1]]


def _left_out(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """Yield the pieces of code in which no mutant says anything of the tests."""
    for node in ast.walk(tree):
        # Annotations are not evaluated, and mypy answers for them.
        if isinstance(node, ast.AnnAssign | ast.arg):
            if node.annotation:
                yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.returns:
                yield node.returns
            yield from node.decorator_list  # `maxsize=256`: how something is kept, not what it says
        elif isinstance(node, ast.ClassDef):
            yield from node.decorator_list  # `frozen=True, slots=True`: the same
        # What only a type checker imports.
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def _span(node: ast.expr | ast.stmt) -> tuple[Position, Position]:
    """Return where a node begins and ends."""
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
