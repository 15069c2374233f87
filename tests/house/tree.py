"""What stands in the project's tree: its rooms, their modules, and the text files a person wrote."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("helpdesk", "tickets", "escalation", "knowledge", "qa", "reports")
MACHINE_MADE = {"var", "test-results", "node_modules", "__pycache__"}
WRITTEN_BY_HAND = frozenset(
    {".cfg", ".css", ".html", ".ini", ".js", ".json", ".jsonl", ".md", ".po", ".pot"}
    | {".py", ".sh", ".sql", ".svg", ".toml", ".txt", ".yaml", ".yml"}
)
WRITTEN_WITHOUT_SUFFIX = {"Makefile", "Dockerfile", "run", ".gitignore"}


def modules(root: Path = ROOT) -> list[Path]:
    """Every Python module of the rooms, without migrations, as paths relative to `root`."""
    found = (path for room in ROOMS for path in (root / room).rglob("*.py"))
    return sorted(path.relative_to(root) for path in found if "migrations" not in path.parts)


def written_files(root: Path = ROOT) -> Iterator[Path]:
    """Every text file a person wrote, relative to `root`; hidden folders other than .ci are left out."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in MACHINE_MADE and (not n.startswith(".") or n == ".ci"))
        for name in sorted(files):
            if Path(name).suffix in WRITTEN_BY_HAND or name in WRITTEN_WITHOUT_SUFFIX:
                yield (Path(folder) / name).relative_to(root)


def files(*patterns: str, root: Path = ROOT) -> list[Path]:
    """Files matching any of the glob patterns, relative to `root`, sorted."""
    return sorted({path.relative_to(root) for pattern in patterns for path in root.glob(pattern) if path.is_file()})
