from __future__ import annotations

import hashlib
import os
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from drscreen.adapters.store import files
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.vault import HEADER, Vault
from drscreen.domain.errors import StoreDamaged, StoreError, StoreFull, StoreUnwritable
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import MONDAY, referred, unlocked

DATA = b"a photograph" * 1000
ID, OTHER_ID = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path / "vault", b"k" * 32)
    made.make_folders()
    return made


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_round_trip_and_nothing_readable(vault: Vault, tmp_path: Path) -> None:
    stored_as = vault.write(ID, SHA, DATA)
    assert vault.read(stored_as) == DATA
    (file,) = stored(tmp_path)
    assert b"photograph" not in file.read_bytes().removeprefix(HEADER)
    assert file.stat().st_mode & 0o077 == 0


def test_same_photograph_twice_is_two_different_files(vault: Vault, tmp_path: Path) -> None:
    vault.write(ID, SHA, DATA)
    vault.write(ID, SHA, DATA)
    first, second = stored(tmp_path)
    assert first.read_bytes() != second.read_bytes()


def test_any_flipped_bit_is_damage(vault: Vault, tmp_path: Path) -> None:
    stored_as = vault.write(ID, SHA, b"x" * 40)
    (file,) = stored(tmp_path)
    whole = file.read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        file.write_bytes(changed)
        with pytest.raises(StoreDamaged):
            vault.read(stored_as)
        file.write_bytes(whole[:position])
        with pytest.raises(StoreDamaged):
            vault.read(stored_as)


def test_file_of_another_photograph_is_damage(vault: Vault) -> None:
    stored_as = vault.write(ID, SHA, DATA)
    with pytest.raises(StoreDamaged):
        vault.read(replace(stored_as, photograph_id=OTHER_ID))
    with pytest.raises(StoreDamaged):
        vault.read(replace(stored_as, sha256="0" * 64))
    with pytest.raises(StoreDamaged, match="missing"):
        vault.read(replace(stored_as, name="0" * 32))


def test_content_that_is_not_what_was_recorded_is_damage(vault: Vault) -> None:
    """Sealed rightly and yet another picture: the hash is checked as well."""
    stored_as = vault.write(ID, SHA, b"something else")
    with pytest.raises(StoreDamaged):
        vault.read(stored_as)


def test_full_disk_leaves_nothing(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreFull):
        vault.write(ID, SHA, DATA)
    assert stored(tmp_path) == []


def test_vault_that_cannot_be_written(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "vault" / "unfinished").rmdir()
    (tmp_path / "vault" / "unfinished").write_bytes(b"")
    with pytest.raises(StoreUnwritable):
        vault.write(ID, SHA, DATA)


def test_only_ciphertext_is_ever_written(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    real = files.write_durably

    def spy(path: Path, data: bytes, workplace: Path | None = None) -> None:
        seen.append(data)
        real(path, data, workplace)

    monkeypatch.setattr("drscreen.adapters.store.vault.write_durably", spy)
    vault.write(ID, SHA, DATA)
    assert len(seen) == 1
    assert DATA[:32] not in seen[0]


def photographs(home: Path) -> list[Path]:
    return stored(home / "store" / "vault")


def save(opened: SqlCipherOpenStore, data: bytes) -> str:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        if records.find_patient("1") is None:
            records.add_patient(Patient("1"))
        return records.save_photograph(
            "1", Laterality.OD, data, referred(data), recorded_at=MONDAY
        ).id


def test_rolled_back_photograph_leaves_no_file(home: Path, opened: SqlCipherOpenStore) -> None:
    kept = save(opened, b"kept")
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.save_photograph("1", Laterality.OD, b"a", referred(b"a"), recorded_at=MONDAY)
        assert len(photographs(home)) == 2
        raise KeyError
    assert len(photographs(home)) == 1
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.photograph_bytes(kept) == b"kept"


def test_damage_and_loss_in_the_vault_are_named(home: Path, opened: SqlCipherOpenStore) -> None:
    saved = save(opened, DATA)
    (file,) = photographs(home)
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 4
    file.write_bytes(changed)
    with pytest.raises(StoreDamaged), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.photograph_bytes(saved)
    file.unlink()
    with pytest.raises(StoreDamaged), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.photograph_bytes(saved)


def test_swapped_photographs_are_refused(home: Path, opened: SqlCipherOpenStore) -> None:
    first, second = save(opened, b"one"), save(opened, b"two")
    one, two = photographs(home)
    aside = home / "aside"
    one.rename(aside)
    two.rename(one)
    aside.rename(two)
    for saved in (first, second):
        with pytest.raises(StoreDamaged), opened.transaction(Action.EDIT_PATIENTS) as records:
            records.photograph_bytes(saved)


def test_abandoned_files_are_swept_and_whole_ones_kept(home: Path) -> None:
    opened = unlocked(home)
    save(opened, b"kept")
    opened.close()
    ours = ".drscreen-0123456789abcdef.part"
    left = [home / "store" / "vault" / "unfinished" / ours, home / "store" / ours]
    foreign = [path.with_name("holiday.part") for path in left]
    for path in left + foreign:
        path.write_bytes(b"half")
        two_hours_ago = time.time() - 7200
        os.utime(path, (two_hours_ago, two_hours_ago))
    unlocked(home).close()
    assert not any(path.exists() for path in left)
    for path in foreign:
        path.unlink()
    assert len(photographs(home)) == 1


def test_a_file_that_another_program_is_writing_is_left_to_it(home: Path) -> None:
    """A sign-in took away what another one was about to rename, which was refused for it."""
    unlocked(home).close()
    writing = [home / "store" / "vault" / "unfinished" / "x.part", home / "store" / "y.part"]
    for path in writing:
        path.write_bytes(b"half")
    unlocked(home).close()
    assert all(path.exists() for path in writing)


def test_error_inside_is_the_one_that_is_heard(home: Path, opened: SqlCipherOpenStore) -> None:
    """Taking the file back fails as well, and yet the first error is what the nurse reads."""
    with (
        pytest.raises(StoreError, match="first"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.add_patient(Patient("1"))
        records.save_photograph("1", Laterality.OD, b"a", referred(b"a"), recorded_at=MONDAY)
        (file,) = photographs(home)
        file.unlink()
        file.mkdir()
        raise StoreError("the first error")
