"""Packages that are really installed, most of them broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drscreen.adapters.notify.host import InstalledNotifiers

WORKS = """
from tests.adapters.notify.notifiers import Letters

plugin = Letters()
plugin.name = __name__
"""


def install(folder: Path, name: str, source: str, entry: str = "") -> None:
    """What pip leaves behind: a module, and metadata that name its entry point."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[drscreen.notifiers]\n{module} = {entry or f'{module}:plugin'}\n"
    )


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return folder


def problems() -> dict[str, str]:
    found = InstalledNotifiers(30).found()
    return {one.package: one.problem for one in found if one.package.startswith("trial-")}


def test_every_broken_package_is_shown_with_its_reason_and_the_whole_one_works(
    packages: Path,
) -> None:
    install(packages, "trial-works", WORKS)
    install(packages, "trial-raises", "raise RuntimeError('do not say this')")
    install(packages, "trial-exits", "import sys; sys.exit('do not say this')")
    install(packages, "trial-lacks", WORKS, "trial_lacks:nosuch")
    install(packages, "trial-gone", WORKS, "trial_gone_away:plugin")
    install(packages, "trial-syntax", "def :")
    install(packages, "trial-half", "import drscreen.plugin_api\nplugin = drscreen")
    found = problems()
    assert found.pop("trial-works") == ""
    assert found.pop("trial-half").startswith("It lacks the function")
    assert found == {
        f"trial-{name}": f"It does not load ({kind}). Install it again, or ask who made it."
        for name, kind in [
            ("exits", "SystemExit"),
            ("gone", "ModuleNotFoundError"),
            ("lacks", "AttributeError"),
            ("raises", "RuntimeError"),
            ("syntax", "SyntaxError"),
        ]
    }


def test_a_package_whose_import_hangs_is_given_up(packages: Path) -> None:
    install(packages, "trial-hangs", "import threading; threading.Event().wait(60)")
    install(packages, "trial-works-too", WORKS)
    found = InstalledNotifiers(3).found()
    said = {one.package: one.problem for one in found}
    assert said["trial-hangs"] == "It did not load within 3 seconds."
    assert said["trial-works-too"] == ""


def test_damaged_metadata_of_a_stranger_hide_nobody(packages: Path) -> None:
    install(packages, "trial-stays", WORKS)
    install(packages, "aardvark", "")
    (packages / "aardvark-1.0.dist-info" / "entry_points.txt").write_bytes(b"[x\n\xff no = sense")
    install(packages, "zebra", "")
    (packages / "zebra-1.0.dist-info" / "entry_points.txt").write_text("[x]\nnonsense\n")
    assert problems() == {"trial-stays": ""}


def test_a_second_copy_of_a_package_is_not_a_second_notifier(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packages, "trial-twice", WORKS)
    other = tmp_path / "other"
    other.mkdir()
    install(other, "trial-twice", WORKS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    assert problems() == {"trial-twice": ""}


def test_importing_the_room_loads_no_plugin(packages: Path) -> None:
    install(packages, "trial-loud", "print('loaded')")
    code = "import sys, drscreen.adapters.notify.host as host; host.InstalledNotifiers()"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ""
