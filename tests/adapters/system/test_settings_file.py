from __future__ import annotations

from pathlib import Path

import pytest

from drscreen.adapters.system.settings_file import JsonSettingsFile
from drscreen.domain.errors import StoreUnwritable
from drscreen.domain.ports import SettingsFile
from drscreen.domain.settings import DeviceChoice, Settings, Theme

CHOSEN = Settings(Theme.DARK, DeviceChoice.CPU, "näme")


def test_saved_settings_come_back(tmp_path: Path) -> None:
    file: SettingsFile = JsonSettingsFile(tmp_path / "new folder" / "settings.json")
    assert file.load() == Settings()
    file.save(CHOSEN)
    assert JsonSettingsFile(tmp_path / "new folder" / "settings.json").load() == CHOSEN
    file.save(Settings())
    assert file.load() == Settings()
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[1]", b"7", b"null", b"{}", b"[" * 100_000],
)
def test_anything_else_means_defaults(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    assert JsonSettingsFile(tmp_path / "settings.json").load() == Settings()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"theme": "dark", "device": "quantum"}', Settings(theme=Theme.DARK)),
        ('{"theme": ["dark"], "device": "cpu"}', Settings(device=DeviceChoice.CPU)),
        ('{"theme": null, "model": "m", "colour": "red"}', Settings(model="m")),
        ('{"theme": "DARK", "model": {"a": 1}}', Settings()),
    ],
)
def test_each_unknown_value_is_its_own_default(
    tmp_path: Path, content: str, expected: Settings
) -> None:
    (tmp_path / "settings.json").write_text(content)
    assert JsonSettingsFile(tmp_path / "settings.json").load() == expected


def test_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    file = JsonSettingsFile(tmp_path / "settings.json")
    assert file.load() == Settings()
    with pytest.raises(StoreUnwritable):
        file.save(CHOSEN)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    file = JsonSettingsFile(tmp_path / "home" / "settings.json")
    assert file.load() == Settings()
    with pytest.raises(StoreUnwritable):
        file.save(CHOSEN)
