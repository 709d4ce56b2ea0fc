"""A chosen plugin that looks everywhere finds its own settings and the one message, nothing else.

What it could read of its parent's memory (/proc/PID/mem) the system decides: it is kept out where
the parent says that it is not to be looked at, except from whoever is root, as tests often are.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from drscreen.adapters.notify.discovery import installed
from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.adapters.store.accounts import Accounts
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.plugin_api import Message, ReceiptState, SettingValues
from tests.adapters.notify.notifiers import chosen
from tests.adapters.notify.packages import install
from tests.adapters.store.samples import PASSWORD, made_store, unlocked

#: Writes down all it can see: objects, memory, modules, variables, open files.
WALKER = """
import gc, json, os, sys
from pathlib import Path
from tests.adapters.notify.notifiers import Letters
from drscreen.plugin_api import Receipt, ReceiptState, hookimpl

def links(folder):
    for entry in os.listdir(folder):
        try:
            yield os.readlink(f"{folder}/{entry}")
        except FileNotFoundError:
            pass

def memory():
    with open("/proc/self/mem", "rb", 0) as file:
        for line in Path("/proc/self/maps").read_text().splitlines():
            where, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in where.split("-"))
            if rights.startswith("rw"):
                try:
                    file.seek(begin)
                    yield file.read(end - begin)
                except OSError:
                    pass

class Walker(Letters):
    name = "trial_walker"

    @hookimpl
    def drscreen_send(self, message, settings):
        told = {
            "types": sorted({type(thing).__name__ for thing in gc.get_objects()}),
            "modules": sorted(sys.modules),
            "environment": dict(os.environ),
            "files": sorted(links("/proc/self/fd")),
            "arguments": sys.orig_argv,
            "folder": os.getcwd(),
        }
        report = Path(settings["report"])
        report.write_text(json.dumps(told))
        report.with_suffix(".memory").write_bytes(b"".join(memory()))
        return Receipt(ReceiptState.ACCEPTED, "r-1")

plugin = Walker()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_plugin_that_looks_everywhere_finds_no_key_and_no_other_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages, "trial-walker", WALKER)
    monkeypatch.setattr(sys, "path", [str(packages), *sys.path])
    monkeypatch.setenv("DRSCREEN_HOME", "/nowhere/Canaryhome")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "Canaryvariable")
    monkeypatch.setenv("PYTHONSTARTUP", "Canarystartup")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    report, home = tmp_path / "report", tmp_path / "home"
    made_store(home)
    inherited = os.open(home, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    with closing(unlocked(home)) as opened:
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            agreed = frozenset({Channel.SMS})
            records.add_patient(Patient("Canary-1", "Canaryname", "Canaryname", consent=agreed))
        # As a plugin found it that ran in the program itself.
        keys = {one.data_key.secret for one in gc.get_objects() if isinstance(one, Accounts)}
        candidates = [one for one in installed() if one.offer.package == "trial-walker"]
        notifiers = InstalledNotifiers(60, lambda: candidates)
        notifiers.trust(chosen(candidates[0].offer))
        message = Message("m-1", "+34600000000", "Please call us about your visit.")
        values = SettingValues({"report": str(report)})
        receipt = notifiers.send("trial_walker", message, values)
    os.close(inherited)
    assert receipt.state is ReceiptState.ACCEPTED
    memory = report.with_suffix(".memory").read_bytes()
    assert message.body.encode() in memory
    assert keys
    for secret in (*keys, *(key.hex().encode() for key in keys), PASSWORD.encode(), b"Canary"):
        assert secret not in memory
    told = json.loads(report.read_text())
    assert not {"DataKey", "Vault", "Accounts", "SqlCipherOpenStore"} & set(told["types"])
    ours = {name for name in told["modules"] if name.startswith("drscreen")}
    assert "drscreen.plugin_api" in ours
    assert not [n for n in ours if n.split(".")[1:2] in (["services"], ["bootstrap"], ["cli"])]
    assert not [n for n in ours if n.split(".")[2:3] in (["store"], ["system"], ["model"])]
    assert not {"sqlcipher3", "sqlalchemy", "PySide6", "torch"} & set(told["modules"])
    environment = told["environment"]
    assert environment["HTTPS_PROXY"] == "http://proxy.example.org:3128"
    assert not [name for name in environment if name.startswith(("DRSCREEN", "PYTHON", "AWS"))]
    assert all(file == os.devnull or file.startswith(("pipe:", "/proc/")) for file in told["files"])
    assert str(home) not in json.dumps([told["arguments"], told["folder"]])
    assert told["folder"] == "/"
