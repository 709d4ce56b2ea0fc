"""Passwords, the recovery code, removal and the change of the data key, on a real store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.store import key_change
from drscreen.adapters.store.engine import keyed_connection
from drscreen.adapters.store.key_file import read_key_file, write_key_file
from drscreen.adapters.store.keys import KeyCost
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.store import SqlCipherStore
from drscreen.domain.audit import Alarm
from drscreen.domain.errors import (
    KeyChangeRefused,
    SignInFailed,
    StoreDamaged,
    StoreError,
    UserExists,
    UserUnknown,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from drscreen.domain.recovery import new_recovery_code
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import CHEAP, MONDAY, PASSWORD, referred, store_at, unlocked
from tests.fixtures.freeze import HERE

TESS = "another password"


def keys_of(home: Path) -> Path:
    return home / "store" / "keys.json"


def with_tess(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), TESS)
        records.add_patient(Patient("1"))
        records.save_photograph("1", Laterality.OD, b"eye", referred(b"eye"), recorded_at=MONDAY)
    opened.close()


def is_whole(home: Path, user: str = "Nora", password: str = PASSWORD) -> bool:
    """Everything reads back, and the chain holds."""
    opened = store_at(home).open(user, password)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        (exam,) = records.exams("1")
        photograph = records.photograph_bytes(exam.photographs[0].id)
    # Only an administrator may look whether the chain is whole.
    may_look = opened.user.role is Role.ADMINISTRATOR
    intact = not may_look or opened.verify_audit().intact
    opened.close()
    return photograph == b"eye" and intact and opened.alarms == ()


def kinds(opened: SqlCipherOpenStore) -> list[str]:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return [event.kind for event in records.audit_events(0, 1000)]


def test_password_change_touches_no_data(home: Path) -> None:
    with_tess(home)
    vault = {p: p.read_bytes() for p in (home / "store" / "vault").rglob("*") if p.is_file()}
    opened = store_at(home).open("tess", TESS)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_password("tess", "a new password")
    opened.close()
    with pytest.raises(SignInFailed):
        store_at(home).open("tess", TESS)
    assert is_whole(home, "tess", "a new password")
    assert is_whole(home)
    assert vault == {p: p.read_bytes() for p in vault}


@pytest.mark.parametrize("change", ["password", "recovery", "remove"])
def test_change_taken_back_with_its_transaction(home: Path, change: str) -> None:
    with_tess(home)
    before = read_key_file(keys_of(home))
    opened = unlocked(home)
    with pytest.raises(KeyError), opened.transaction(Action.EDIT_PATIENTS) as records:
        if change == "password":
            records.set_password("tess", "a new password")
        elif change == "recovery":
            records.set_recovery_code(new_recovery_code())
        else:
            records.remove_user("tess")
        raise KeyError
    opened.close()
    assert read_key_file(keys_of(home)) == before
    assert is_whole(home, "tess", TESS)


def test_recovery_code_gives_a_new_password(home: Path) -> None:
    with_tess(home)
    code, other = new_recovery_code(), new_recovery_code()
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert not records.has_recovery_code()
        records.set_recovery_code(other)
        records.set_recovery_code(code)
        assert records.has_recovery_code()
    opened.close()
    with pytest.raises(SignInFailed):
        store_at(home).recover(other, "Nora", "a recovered password")
    with pytest.raises(UserUnknown):
        store_at(home).recover(code, "nobody", "a recovered password")
    opened = store_at(home).recover(code, "Nora", "a recovered password")
    assert opened.user.role is Role.ADMINISTRATOR
    assert kinds(opened)[-3:] == ["sign_in_failed", "sign_in_failed", "signed_in"]
    assert "password_recovered" in kinds(opened)
    opened.close()
    assert is_whole(home, "Nora", "a recovered password")
    with pytest.raises(SignInFailed):
        store_at(home).open("Nora", PASSWORD)
    for secret in (code, code.replace("-", "")):
        assert all(
            secret.encode() not in path.read_bytes() for path in home.rglob("*") if path.is_file()
        )


def test_removed_account_is_out_and_its_name_is_not_given_again(home: Path) -> None:
    with_tess(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.remove_user("TESS")
        assert [user.name for user in records.users()] == ["Nora"]
    with pytest.raises(SignInFailed):
        store_at(home).open("tess", TESS)
    with pytest.raises(UserUnknown), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.remove_user("tess")
    with pytest.raises(UserExists), opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("Tess", Role.TECHNICIAN), TESS)
    opened.close()
    # Not even with the key file as it was before: the row is what counts.
    assert "tess" not in read_key_file(keys_of(home)).envelopes


def test_administrators_are_reminded_of_a_key_that_should_have_changed(home: Path) -> None:
    with_tess(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("ada", Role.TECHNICIAN), "a third password")
        records.remove_user("tess")
    opened.close()
    theirs = store_at(home).open("ada", "a third password")
    assert theirs.alarms == ()
    theirs.close()
    opened = unlocked(home)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.KEY_CHANGE_DUE]
    assert opened.alarms[0].details["removed"] == "tess"
    opened.change_data_key()
    opened.close()
    assert is_whole(home)


def test_role_holds_from_the_next_sign_in(home: Path) -> None:
    with_tess(home)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_role("tess", Role.CLINICIAN)
    opened.close()
    theirs = store_at(home).open("tess", TESS)
    assert theirs.user.role is Role.CLINICIAN
    theirs.close()


# --- the data key changes -------------------------------------------------------------------


def old_key_opens(home: Path, old: Any) -> bool:
    from contextlib import closing

    from sqlcipher3 import dbapi2 as sqlcipher

    path = home / "store" / "records.db"
    with closing(keyed_connection(path, old.database_key(), old.database_id)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.DatabaseError:
            return False
    return True


def test_after_a_change_the_old_key_opens_nothing(home: Path) -> None:
    with_tess(home)
    code = new_recovery_code()
    old_file = keys_of(home).read_bytes()
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.set_recovery_code(code)
    old = opened._unlocked.accounts.data_key  # type: ignore[union-attr] # it is open
    opened.change_data_key()
    # The very store that changed it goes on, and so does everybody's password.
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.save_photograph("1", Laterality.OS, b"2", referred(b"2"), recorded_at=MONDAY)
        assert len(records.exams("1")[0].photographs) == 2
    assert kinds(opened)[-2:] == ["data_key_changed", "graded"]
    assert opened.verify_audit().intact
    opened.close()
    assert not old_key_opens(home, old)
    store_at(home).open("tess", TESS).close()
    again = store_at(home).recover(code, "tess", "a recovered password")
    with again.transaction(Action.EDIT_PATIENTS) as records:
        photographs = records.exams("1")[0].photographs
        assert {records.photograph_bytes(one.id) for one in photographs} == {b"eye", b"2"}
    again.close()
    # Whoever kept the key file from before, and their password, gets nowhere.
    for path in (keys_of(home), keys_of(home).with_name("keys.json.bak")):
        path.write_bytes(old_file)
    with pytest.raises(StoreDamaged):
        store_at(home).open("tess", TESS)


def test_change_is_refused_while_somebody_else_is_in(home: Path) -> None:
    with_tess(home)
    other, opened = store_at(home).open("tess", TESS), unlocked(home)
    before = keys_of(home).read_bytes()
    with other.transaction(Action.EDIT_PATIENTS) as records:
        records.count_patients("")
    with pytest.raises(KeyChangeRefused):
        opened.change_data_key()
    assert keys_of(home).read_bytes() == before
    with opened.transaction(Action.EDIT_PATIENTS), pytest.raises(KeyChangeRefused):
        opened.change_data_key()
    for one in (other, opened):
        with one.transaction(Action.EDIT_PATIENTS) as records:
            assert records.count_patients("") == 1
        one.close()
    assert is_whole(home)


class Killed(BaseException):
    """Stands for a kill: nothing that catches errors catches it."""


def _kill_before_rekey(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., int] = write_key_file

    def write(*arguments: Any) -> None:
        real(*arguments)
        raise Killed

    monkeypatch.setattr(key_change, "write_key_file", write)


def _kill_after_rekey(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(key_change, "finish", kill)


def _kill_before_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(key_change, "forget_old_key", kill)


@pytest.mark.parametrize("kill", [_kill_before_rekey, _kill_after_rekey, _kill_before_forgetting])
def test_change_broken_off_is_settled_at_the_next_sign_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, kill: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with_tess(home)
    opened = unlocked(home)
    kill(monkeypatch)
    with pytest.raises(Killed):
        opened.change_data_key()
    opened.close()
    monkeypatch.undo()
    assert read_key_file(keys_of(home)).previous
    # Whoever comes first, by whichever of the two files.
    shutil.copytree(home, home.parent / "copy")
    keys_of(home.parent / "copy").unlink()
    copied = store_at(home.parent / "copy").open("Nora", PASSWORD)
    assert [event.details["alarm"] for event in copied.alarms] == [Alarm.KEY_FILE_REPAIRED]
    copied.close()
    assert is_whole(home, "tess", TESS)
    assert is_whole(home)
    keys = read_key_file(keys_of(home))
    assert keys.previous == b""
    opened = unlocked(home)
    told = kinds(opened).count("data_key_changed")
    assert told == (0 if kill is _kill_before_rekey else 1)
    opened.change_data_key()
    opened.close()
    assert is_whole(home)


def test_change_that_sqlcipher_refuses_keeps_the_old_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tess(home)
    real = key_change._take

    def refuse(connection: Any) -> None:
        real(connection)
        connection.set_authorizer(lambda code, name, *_: 1 if name == "rekey" else 0)

    monkeypatch.setattr(key_change, "_take", refuse)
    opened = unlocked(home)
    with pytest.raises(StoreError):
        opened.change_data_key()
    monkeypatch.undo()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.count_patients("") == 1
    opened.close()
    assert read_key_file(keys_of(home)).previous == b""
    assert is_whole(home, "tess", TESS)


# --- the key file ----------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_copy_of_the_key_file_is_used_and_said(home: Path, content: bytes | None) -> None:
    whole = read_key_file(keys_of(home))
    if content is None:
        keys_of(home).unlink()
    else:
        keys_of(home).write_bytes(content)
    opened = unlocked(home)
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.KEY_FILE_REPAIRED]
    opened.close()
    assert read_key_file(keys_of(home)) == whole


def test_envelope_planted_without_the_data_key_is_noticed(home: Path) -> None:
    """Else the next change of the data key would seal it for whoever planted the envelope."""
    import hashlib

    with_tess(home)
    content = json.loads(keys_of(home).read_bytes())
    content["envelopes"]["tess"]["public_key"] = "ab" * 32
    del content["sha256"]
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["sha256"] = hashlib.sha256(plain).hexdigest()
    opened = unlocked(home)
    keys_of(home).write_bytes(json.dumps(content, sort_keys=True, indent=1).encode() + b"\n")
    with pytest.raises(StoreDamaged, match="altered"):
        opened.change_data_key()
    with (
        pytest.raises(StoreDamaged, match="altered"),
        opened.transaction(Action.EDIT_PATIENTS) as records,
    ):
        records.set_password("tess", "a new password")
    opened.close()
    # The copy is newer than what was written over the file; it is used, and that is said.
    shutil.copytree(home, home.parent / "copy")
    opened = unlocked(home.parent / "copy")
    assert [event.details["alarm"] for event in opened.alarms] == [Alarm.KEY_FILE_BEHIND]
    opened.close()
    keys_of(home).with_name("keys.json.bak").unlink()
    with pytest.raises(StoreDamaged, match="altered"):
        unlocked(home)


def test_cost_is_raised_at_sign_in(home: Path) -> None:
    dearer = KeyCost(memory=CHEAP.memory * 2, passes=CHEAP.passes, lanes=1)
    SqlCipherStore(home, cost=dearer).open("Nora", PASSWORD).close()
    assert read_key_file(keys_of(home)).envelopes["nora"].cost == dearer
    before = read_key_file(keys_of(home))
    SqlCipherStore(home, cost=CHEAP).open("Nora", PASSWORD).close()
    assert read_key_file(keys_of(home)) == before, "never lowered"


def test_first_format_becomes_todays_at_sign_in(tmp_path: Path) -> None:
    shutil.copytree(HERE / "schema-0001" / "store", tmp_path / "store")
    (tmp_path / "store" / "vault" / "unfinished").mkdir(exist_ok=True)
    opened = unlocked(tmp_path)
    envelopes = read_key_file(keys_of(tmp_path)).envelopes
    assert {name for name, one in envelopes.items() if one.is_first_format} == {"tess", "carl"}
    with pytest.raises(KeyChangeRefused, match="carl, tess"):
        opened.change_data_key()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.remove_user("carl")
    opened.close()
    store_at(tmp_path).open("tess", TESS).close()
    opened = unlocked(tmp_path)
    opened.change_data_key()
    opened.close()
    store_at(tmp_path).open("tess", TESS).close()
