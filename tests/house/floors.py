"""The floors of the house: which room may know which, and how large a file may grow."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

from tests.house.tree import ROOMS

FLOORS = {
    "lib": 0,
    "integrations": 0,
    "tickets": 1,
    "escalation": 2,
    "knowledge": 2,
    "qa": 2,
    "reports": 3,
    "helpdesk": 4,
}
GROUND = ("lib", "integrations")
LOADERS = {"import_module", "import_string", "__import__", "get_model"}
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}
# Nine files of ten stay under the first, every file under the second; both in lines.
MOST_FILES, ANY_FILE = 250, 400


def room_of(module: str) -> str:
    """`helpdesk.lib.clock` stands in `lib`, `helpdesk.urls` in `helpdesk`, `tickets.sla` in `tickets`."""
    parts = module.split(".")
    return parts[1] if parts[0] == "helpdesk" and len(parts) > 1 and parts[1] in GROUND else parts[0]


def may_import(here: str, there: str) -> bool:
    return here == there or FLOORS[there] < FLOORS[here]


def floor_faults(path: Path, source: str) -> list[str]:
    """Imports of the module at `path` that go up or sideways, by statement or by a name given as text."""
    here = room_of(".".join(path.with_suffix("").parts))
    return [
        f"{path}:{line} {here} must not know {name}"
        for line, name in _names_imported(path, ast.parse(source))
        if name.split(".")[0] in ROOMS and not may_import(here, room_of(name))
    ]


def hidden_imports(path: Path, source: str) -> list[str]:
    """Imports inside functions, where neither a reader nor import-linter's picture of the start expects them."""
    functions = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    lines = {
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return [f"{path}:{line} import inside a function" for line in sorted(lines)]


def size_faults(sizes: Iterable[tuple[str, int]]) -> list[str]:
    """Files past 400 lines, and a house whose ninth file of ten passes 250."""
    ordered = sorted(sizes, key=lambda named: named[1])
    faults = [f"{name} has {lines} lines: it wants to be two rooms" for name, lines in ordered if lines > ANY_FILE]
    if ordered and (p90 := ordered[int(len(ordered) * 0.9)][1]) > MOST_FILES:
        faults.append(f"nine files of ten should stay under {MOST_FILES} lines, the ninth has {p90}")
    return faults


def unknown_packages(root: Path) -> list[str]:
    """Top-level Python packages that are no room of the house."""
    packages = (path.name for path in root.iterdir() if (path / "__init__.py").exists())
    return sorted(name for name in packages if name not in {*ROOMS, "tests"})


def _names_imported(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in LOADERS | RELATIONS:
            texts = (a.value for a in node.args if isinstance(a, ast.Constant))
            yield from ((node.lineno, text) for text in texts if _is_dotted(text))


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.with_suffix("").parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_dotted(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "." in value
