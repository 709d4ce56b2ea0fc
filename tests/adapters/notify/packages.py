"""Packages as pip leaves them behind."""

from __future__ import annotations

from pathlib import Path

WORKS = """
from tests.adapters.notify.notifiers import Letters

plugin = Letters()
plugin.name = __name__
"""


def install(
    folder: Path, name: str, source: str, entry: str = "", *, recorded: bool = True
) -> Path:
    """A module, and metadata that name its entry point. Returns the module."""
    module = name.replace("-", "_")
    file = folder / f"{module}.py"
    file.write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[drscreen.notifiers]\n{module} = {entry or f'{module}:plugin'}\n"
    )
    if recorded:
        listed = [file, info / "METADATA", info / "entry_points.txt", info / "RECORD"]
        lines = [f"{path.relative_to(folder).as_posix()},,\n" for path in listed]
        (info / "RECORD").write_text("".join(lines))
    return file
