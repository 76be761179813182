"""Name every mutant of a Python file, and put one in place of the code."""

from __future__ import annotations

import ast
import copy
import gc
import hashlib
import importlib.abc
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper, cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

COMPARE: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "abs": ""}
LEFT_ALONE = {"annotation", "returns", "decorator_list", "type_params"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Name one change: where it stands, what it reads before and after, and the lines that must run to notice it."""

    path: str
    order: tuple[int, int]  # index of the node in the file's walk, number of its variant
    line: int
    lines: range
    within: str
    target: str
    inside_function: bool
    change: str
    key: str

    def __str__(self) -> str:
        """Return `path:line function: before -> after`."""
        return f"{self.path}:{self.line} {self.within}: {self.change}"


@dataclass(slots=True)
class _Place:
    """Hold a node and where it hangs in its parent."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    function: ast.AST | None
    within: str


def _places(tree: ast.Module) -> Iterator[_Place]:
    """Yield every node that may be changed, in the order of the file."""
    for index, statement in enumerate(tree.body):
        yield from _below(_Place(statement, tree, "body", index, statement, None, getattr(statement, "name", "")))


def _below(place: _Place) -> Iterator[_Place]:
    """Yield a place and the places under it."""
    yield place
    parent = place.node
    for field, value in ast.iter_fields(parent):
        if field in LEFT_ALONE:
            continue
        body_of = parent if isinstance(parent, ast.FunctionDef) and field == "body" else None
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if (
                not isinstance(child, ast.AST)
                or isinstance(child, ast.JoinedStr)
                or getattr(child, "arg", "") == "strict"
            ):
                continue
            name = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
            yield from _below(
                _Place(
                    node=child,
                    parent=parent,
                    field=field,
                    index=index if isinstance(value, list) else None,
                    statement=child if isinstance(child, ast.stmt) else place.statement,
                    function=place.function or body_of,
                    within=f"{place.within}.{name}" if name else place.within,
                )
            )


def _variants(place: _Place) -> Iterator[ast.AST]:  # noqa: C901 - one short rule for each kind of node
    """Yield what may stand in the place of a node."""
    node = place.node
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in COMPARE[type(operator)]:
                    changed = copy.deepcopy(node)
                    changed.ops[index] = other()
                    yield changed
        case ast.BoolOp():
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp() | ast.AugAssign() if type(node.op) in ARITHMETIC:
            yield _with(node, op=ARITHMETIC[type(node.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int() | float() as number):
            yield _with(node, value=number + 1)
        case ast.IfExp():
            yield _with(node, body=node.orelse, orelse=node.body)
        case ast.If() | ast.While() if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=node.test))
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Call():
            yield from _other_calls(node)


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    """Yield a call of the opposite function, and a `replace` that leaves one field as it was."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CALLS and node.args:
        if not CALLS[name]:
            yield node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield _with(node, func=_with(node.func, attr=CALLS[name]))
        else:
            yield _with(node, func=_with(node.func, id=CALLS[name]))
    if name == "replace":
        for index in range(len(node.keywords)):
            yield _with(node, keywords=node.keywords[:index] + node.keywords[index + 1 :])


def _with(node: ast.AST, **changes: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split("\n")[0].split())
    return text if len(text) <= 70 else f"{text[:67]}..."


def _lines(statement: ast.stmt) -> range:
    """Return the lines of a statement without those of its body."""
    first, body = statement.lineno, getattr(statement, "body", None)
    return range(first, max(body[0].lineno, first + 1) if body else (statement.end_lineno or first) + 1)


@cache
def of_file(root: Path, path: str) -> tuple[Mutant, ...]:
    """Return every mutant of the file `path` under `root`."""
    found = []
    same: Counter[str] = Counter()
    for number, place in enumerate(_places(_tree(root / path))):
        for variant, changed in enumerate(_variants(place)):
            node = place.node
            before = "if" if isinstance(node, ast.comprehension) else _shown(node)
            after = "no condition" if isinstance(node, ast.comprehension) else _shown(_fixed(changed, node))
            around = ast.dump(place.function or place.statement)
            name = f"{path} {place.within} {hashlib.sha256(around.encode()).hexdigest()[:16]} {before} -> {after}"
            same[name] += 1
            found.append(
                Mutant(
                    path=path,
                    order=(number, variant),
                    line=getattr(node, "lineno", place.statement.lineno),
                    lines=_lines(place.statement),
                    within=place.within or "module",
                    target=_target(place.statement),
                    inside_function=place.function is not None,
                    change=f"{before} -> {after}",
                    key=f"{name} #{same[name]}",
                )
            )
    return tuple(found)


def _target(statement: ast.stmt) -> str:
    """Return the name that a statement gives a value or defines."""
    target = getattr(statement, "target", None) or next(iter(getattr(statement, "targets", ())), None)
    return getattr(target, "id", "") or getattr(statement, "name", "")


def _fixed(changed: ast.AST, node: ast.AST) -> ast.AST:
    """Give a new node the place of the old one, so that lines stay where they are."""
    return ast.fix_missing_locations(ast.copy_location(changed, node) if hasattr(node, "lineno") else changed)


def mutated(root: Path, mutant: Mutant) -> ast.Module:
    """Return the file's tree with the mutant in it."""
    tree = _tree(root / mutant.path)
    number, variant = mutant.order
    place = next(place for index, place in enumerate(_places(tree)) if index == number)
    changed = _fixed(list(_variants(place))[variant], place.node)
    if place.index is None:
        setattr(place.parent, place.field, changed)
    else:
        getattr(place.parent, place.field)[place.index] = changed
    return ast.fix_missing_locations(tree)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def patch(path: Path, tree: ast.Module) -> bool:
    """Give the functions that live in this process the code of the tree; tell whether any changed.

    Every importer holds the same function object, so all see the change; what was remembered of earlier calls is lost.
    """
    fresh = {(code.co_qualname, code.co_firstlineno): code for code in _codes(compile(tree, str(path), "exec"))}
    changed = False
    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper) and str(thing.__module__).startswith("strategies"):
            thing.cache_clear()
        if not isinstance(thing, FunctionType) or thing.__code__.co_filename != str(path):
            continue
        code = fresh.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
        if code is None or code == thing.__code__ or len(code.co_freevars) != len(thing.__code__.co_freevars):
            continue
        thing.__code__ = code
        changed = True
    return changed


def forget(root: Path) -> None:
    """Make every module of this project be imported anew."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(root) and name not in ("__main__", "mutants", "mutation_page"):
            del sys.modules[name]


def replace_module(path: Path, tree: ast.Module) -> None:
    """Make the import of the file at `path` run the tree instead."""

    class Loader(importlib.abc.Loader):
        def exec_module(self, module: Any) -> None:
            exec(compile(tree, str(path), "exec"), module.__dict__)

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, where: Any, target: Any = None) -> Any:
            if not name.startswith("strategies"):
                return None
            found = importlib.machinery.PathFinder.find_spec(name, where)
            if found is None or found.origin != str(path):
                return None
            return importlib.util.spec_from_file_location(
                name, path, loader=Loader(), submodule_search_locations=found.submodule_search_locations
            )

    sys.meta_path.insert(0, Finder())
