"""Packages that are really installed, most of them broken, and what their files hash to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drscreen.adapters.notify.discovery import installed
from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.domain.notice_ports import FoundNotifier
from drscreen.domain.plugin_choice import PluginOffer
from drscreen.plugin_api import ReceiptState, SettingValues
from tests.adapters.notify.notifiers import MESSAGE, chosen
from tests.adapters.notify.packages import WORKS, install


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return folder


def offers() -> list[PluginOffer]:
    return [one.offer for one in installed() if one.offer.package.startswith("trial-")]


def host(limit: float = 30) -> InstalledNotifiers:
    """With everything that is installed now chosen."""
    made = InstalledNotifiers(limit)
    made.trust(chosen(*offers()))
    return made


def problems(limit: float = 30) -> dict[str, str]:
    return {
        one.package: one.problem for one in host(limit).found() if one.package.startswith("trial-")
    }


def seen(notifiers: InstalledNotifiers, package: str) -> FoundNotifier:
    (found,) = (one for one in notifiers.found() if one.package == package)
    return found


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
    said = problems(limit=5)
    assert said["trial-hangs"] == "It did not load within 5 seconds."
    assert said["trial-works-too"] == ""


def test_damaged_metadata_of_a_stranger_hide_nobody(packages: Path) -> None:
    install(packages, "trial-stays", WORKS)
    install(packages, "aardvark", "")
    (packages / "aardvark-1.0.dist-info" / "entry_points.txt").write_bytes(b"[x\n\xff no = sense")
    install(packages, "zebra", "")
    (packages / "zebra-1.0.dist-info" / "entry_points.txt").write_text("[x]\nnonsense\n")
    assert problems() == {"trial-stays": ""}


def test_nothing_of_a_plugin_runs_before_it_was_chosen(packages: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    install(packages, "trial-eager", f"open({str(ran)!r}, 'w').close()\n{WORKS}")
    nobody = InstalledNotifiers(30)
    found = seen(nobody, "trial-eager")
    assert found.waits_for_choice
    assert found.info is None
    assert found.offer is not None
    assert (found.offer.version, found.offer.notifier) == ("1.0", "trial_eager")
    assert "chosen it yet" in found.problem
    receipt = nobody.send("trial_eager", MESSAGE, SettingValues())
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, True)
    assert nobody.check_settings("trial_eager", SettingValues())
    assert not ran.exists()
    nobody.trust(chosen(found.offer))
    assert seen(nobody, "trial-eager").problem == ""
    assert ran.exists()


@pytest.mark.parametrize(
    ("what", "recorded"),
    [
        ("module", True),
        ("module", False),
        ("entry_points.txt", True),
        ("entry_points.txt", False),
        ("METADATA", True),
    ],
)
def test_a_changed_file_needs_the_choice_anew(packages: Path, what: str, recorded: bool) -> None:
    module = install(packages, "trial-changes", WORKS, recorded=recorded)
    notifiers = host()
    assert seen(notifiers, "trial-changes").problem == ""
    (before,) = offers()
    file = module if what == "module" else module.parent / "trial_changes-1.0.dist-info" / what
    with file.open("a") as changed:
        changed.write("\n# one line more\n" if what != "METADATA" else "Summary: other\n")
    (after,) = offers()
    assert after.digest != before.digest
    found = seen(notifiers, "trial-changes")
    assert found.info is None
    assert found.problem.startswith("It has changed since ada chose it on 2026-03-09")
    receipt = notifiers.send("trial_changes", MESSAGE, SettingValues())
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, True)
    notifiers.trust(chosen(after))
    assert seen(notifiers, "trial-changes").problem == ""


def test_a_file_that_changes_before_the_process_starts_is_noticed(packages: Path) -> None:
    """Between two looks: who found it whole must not start something else."""
    module = install(packages, "trial-swaps", WORKS)
    whole = installed()
    module.write_text("raise SystemExit\n")
    notifiers = InstalledNotifiers(30, lambda: whole)
    notifiers.trust(chosen(*(one.offer for one in whole if one.offer.package == "trial-swaps")))
    assert "just changed" in seen(notifiers, "trial-swaps").problem


def test_sources_of_an_editable_installation_count(packages: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "trial_edited").mkdir(parents=True)
    (source / "trial_edited" / "__init__.py").write_text(WORKS)
    helper = source / "trial_edited" / "helper.py"
    helper.write_text("")
    install(packages, "trial-edited", "")
    (packages / "trial_edited.py").unlink()
    sys.path.append(str(source))  # what a .pth of the installation does
    try:
        (before,) = offers()
        helper.write_text("print('other')")
        (after,) = offers()
    finally:
        sys.path.remove(str(source))
    assert before.digest != after.digest


def test_a_stranger_under_a_chosen_name_does_not_run(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packages, "trial-known", WORKS)
    choices = chosen(*offers())
    ran, other = tmp_path / "ran", tmp_path / "other"
    other.mkdir()
    install(other, "Trial_Known", f"open({str(ran)!r}, 'w').close()\n{WORKS}")
    monkeypatch.setattr(sys, "path", [str(other), *sys.path])
    notifiers = InstalledNotifiers(30)
    notifiers.trust(choices)
    assert seen(notifiers, "trial-known").problem.startswith("It has changed since ada chose it")
    assert not ran.exists()


def test_a_module_that_hides_a_chosen_one_does_not_run(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packages, "trial-shadow", WORKS)
    choices = chosen(*offers())
    ran, other = tmp_path / "ran", tmp_path / "other"
    other.mkdir()
    (other / "trial_shadow.py").write_text(f"open({str(ran)!r}, 'w').close()\n{WORKS}")
    monkeypatch.setattr(sys, "path", [str(other), *sys.path])
    notifiers = InstalledNotifiers(30)
    notifiers.trust(choices)
    assert seen(notifiers, "trial-shadow").problem.startswith("It has changed")
    assert not ran.exists()


def test_a_revoked_choice_ends_what_runs(packages: Path) -> None:
    install(packages, "trial-revoked", WORKS)
    notifiers = host()
    assert seen(notifiers, "trial-revoked").problem == ""
    notifiers.trust({})
    assert seen(notifiers, "trial-revoked").waits_for_choice
    receipt = notifiers.send("trial_revoked", MESSAGE, SettingValues())
    assert (receipt.state, receipt.misconfigured) == (ReceiptState.DEFERRED, True)


def test_files_that_cannot_be_hashed_are_no_choice(packages: Path) -> None:
    source = packages / "trial_pipe"
    source.mkdir()
    (source / "__init__.py").write_text(WORKS)
    (source / "trap").symlink_to("/dev/zero")
    os.mkfifo(source / "wait")
    install(packages, "trial-pipe", "")
    (packages / "trial_pipe.py").unlink()
    # Odd things are no files of its and are passed over, without waiting for them.
    assert problems() == {"trial-pipe": ""}
    (source / "endless").touch()
    os.truncate(source / "endless", 2**40)
    assert "cannot be chosen" in problems()["trial-pipe"]


def test_a_second_copy_of_a_package_is_not_a_second_notifier(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packages, "trial-twice", WORKS)
    other = tmp_path / "other"
    other.mkdir()
    install(other, "trial-twice", WORKS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    assert problems() == {"trial-twice": ""}


@pytest.mark.parametrize("name", ["trial two", "trial\x1b[2Jred", "-trial", ""])
def test_a_name_that_is_none_is_no_package(packages: Path, name: str) -> None:
    install(packages, "trial-odd", WORKS)
    metadata = packages / "trial_odd-1.0.dist-info" / "METADATA"
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    assert all("two" not in one.package and "\x1b" not in one.package for one in offers())


def test_importing_the_room_loads_no_plugin(packages: Path) -> None:
    install(packages, "trial-loud", "print('loaded')")
    code = "import sys, drscreen.adapters.notify.host as host; host.InstalledNotifiers().found()"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ""
