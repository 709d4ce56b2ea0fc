"""Signing, and answering for what nobody signed, by command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drscreen.adapters.model.signature import SIGNATURE
from drscreen.adapters.system import paths
from drscreen.cli import app
from drscreen.domain.audit import AuditKind
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import PASSWORD, made_store, unlocked


@pytest.fixture
def unsigned(bundle: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(bundle, tmp_path / "own"))
    (folder / SIGNATURE).unlink()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    made_store(home)
    opened = unlocked(home)
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), PASSWORD + "!")
    opened.close()
    return home


def call(*arguments: object, password: str = PASSWORD) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)), input=f"{password}\n")


def test_a_clinics_own_key_signs_and_is_trusted_where_its_public_half_lies(
    unsigned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = call("model", "keygen", tmp_path / "clinic.pem", "--password-file", "-")
    assert made.exit_code == 0, made.stderr
    told = call("model", "verify", unsigned)
    assert (told.exit_code, "UNSIGNED" in told.stderr) == (1, True)
    sign = ("model", "sign", unsigned, "--key", tmp_path / "clinic.pem", "--password-file", "-")
    assert call(*sign, password="another password").exit_code == 1
    assert "unknown key" in call(*sign).stderr
    keys = Path(shutil.copytree(paths.trusted_keys(), tmp_path / "keys"))
    shutil.copy(tmp_path / "clinic.pub.pem", keys / "clinic" / "ours.pem")
    monkeypatch.setattr(paths, "trusted_keys", lambda: keys)
    told = call("model", "verify", unsigned)
    assert (told.exit_code, "signed by the clinic" in told.stderr) == (0, True)


def test_an_administrator_answers_for_an_unsigned_network_until_it_changes(
    unsigned: Path, photograph: Path, home: Path
) -> None:
    def screened() -> dict[str, Any]:
        save = ("--save", "--user", "Nora", "--mrn", "A-1", "--eye", "OD", "--password-file", "-")
        ran = call("screen", photograph, "--model", unsigned, "--json", *save, "--home", home)
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    assert screened()["error"]["code"] == "network_unsigned"
    by = ("--password-file", "-", "--home", home)
    technician = call("model", "trust", unsigned, "--user", "tess", *by, password=PASSWORD + "!")
    assert "[not_permitted]" in technician.stderr
    assert call("model", "trust", unsigned, "--user", "Nora", *by).exit_code == 0
    found = screened()["model"]
    assert (found["signature"], found["allowed_by"]) == ("nobody", "Nora")
    (consent,) = map(
        json.loads, call("model", "trusted", "--user", "Nora", "--json", *by).stdout.splitlines()
    )
    assert (consent["name"], consent["sha256"]) == ("trial", found["sha256"])
    assert call("model", "untrust", consent["sha256"][:12], "--user", "Nora", *by).exit_code == 0
    assert screened()["error"]["code"] == "network_unsigned"
    store = unlocked(home)
    with store.transaction(Action.READ_AUDIT) as records:
        kinds = [event.kind for event in records.audit_events(0, 1000)]
    store.close()
    allowed, refused = AuditKind.NETWORK_ALLOWED.value, AuditKind.NETWORK_REFUSED.value
    assert [kind for kind in kinds if kind in {allowed, refused}] == [allowed, refused]


def test_what_is_saved_cannot_be_allowed_by_an_option(unsigned: Path, photograph: Path) -> None:
    save = ("--save", "--user", "Nora", "--mrn", "A-1", "--eye", "OD", "--allow-unsigned", "eve")
    assert call("screen", photograph, "--model", unsigned, *save).exit_code == 2


def test_a_quality_network_that_nobody_signed_stops_everything(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Path(shutil.copytree(paths.quality_network().parent, tmp_path / "quality"))
    (gate / SIGNATURE).unlink()
    monkeypatch.setattr(paths, "quality_network", lambda: gate / "network.safetensors")
    ran = call("screen", photograph, "--json", "--allow-unsigned", "Dr. Ada")
    assert json.loads(ran.stdout)["error"]["code"] == "quality_network_damaged"
    listed = call("model", "verify")
    assert (listed.exit_code, "UNSIGNED quality gate" in listed.stderr) == (1, True)
    tested = call("selftest")
    assert (tested.exit_code, "quality gate" in tested.stderr) == (1, True)
