"""Canaries: nothing of anybody reaches the log or the bundle, whatever is thrown at them."""

from __future__ import annotations

import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drscreen.adapters.system.logging import ALLOWED, KEPT, ROTATE_AT, Log
from drscreen.adapters.system.support import write_bundle

CANARIES = ("Ørsted", "A-17", "+45 12 34", "zoe@example.org", "correct horse", "/home/zoe/eye.jpg")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    before, thread_before = sys.excepthook, threading.excepthook
    yield Log(tmp_path / "logs")
    sys.excepthook, threading.excepthook = before, thread_before


def text_of(log: Log) -> str:
    return "".join(file.read_text() for file in log.files())


def lines(log: Log) -> list[dict[str, object]]:
    return [json.loads(line) for line in text_of(log).splitlines()]


def test_allowed_keys_alone_are_written(log: Log) -> None:
    log.write("photograph_screened", seconds=1.5, count=3, code="store_full", mrn="A-17", note="x")
    (line,) = lines(log)
    assert set(line) == {"at", "event", "seconds", "count", "code"}


@pytest.mark.parametrize("canary", [c for c in CANARIES if not c.isascii() or "@" in c])
@pytest.mark.parametrize("key", sorted(ALLOWED))
def test_what_is_not_plain_is_left_out_even_under_an_allowed_key(
    log: Log, key: str, canary: str
) -> None:
    log.write("event", **{key: f"{canary}\n"})
    assert set(lines(log)[0]) == {"at", "event"}


@pytest.mark.parametrize("event", ["", "A-17", "Ørsted", "two words", "x" * 65, "line\nbreak"])
def test_event_is_a_plain_word(log: Log, event: str) -> None:
    with pytest.raises(ValueError, match="plain word"):
        log.write(event)


def raise_with_canaries() -> None:
    try:
        raise KeyError("; ".join(CANARIES))
    except KeyError as error:
        mrn, name = CANARIES[1], CANARIES[0]
        raise RuntimeError(f"patient {mrn} {name} not found") from error


def test_fault_tells_its_place_and_not_its_text(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.excepthook = sys.__excepthook__
    log.install()
    try:
        raise_with_canaries()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    told = text_of(log) + capsys.readouterr().err
    assert "RuntimeError" in told
    assert "KeyError" in told
    assert "test_logging.py" in told
    assert "raise_with_canaries" in told
    assert not [canary for canary in CANARIES if canary in told]


def test_fault_in_a_thread_is_told_too(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    sys.excepthook = sys.__excepthook__
    log.install()
    thread = threading.Thread(target=raise_with_canaries)
    thread.start()
    thread.join()
    told = text_of(log) + capsys.readouterr().err
    assert lines(log)[0]["fault"] == "RuntimeError"
    assert not [canary for canary in CANARIES if canary in told]


def test_log_is_turned_over_and_the_oldest_let_go(log: Log) -> None:
    filler = "x" * 1900
    for number in range(KEPT * ROTATE_AT // 1500):
        log.write("event", count=number, places=filler)
    files = log.files()
    assert len(files) == KEPT
    assert all(file.stat().st_size <= ROTATE_AT + 3000 for file in files)
    newest = json.loads(files[0].read_text().splitlines()[-1])
    assert newest["count"] == KEPT * ROTATE_AT // 1500 - 1


def test_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    Log(tmp_path / "logs").write("event")


def test_bundle_holds_versions_and_clean_logs(log: Log, tmp_path: Path) -> None:
    log.write("window_opened", version="0.1.0")
    with (log.folder / "drscreen.log").open("a") as file:
        file.write('{"at": "now", "event": "x", "mrn": "A-17"}\n')
        file.write("Traceback: A-17\n[1]\n")
    target = tmp_path / "support.zip"
    write_bundle(target, log, ["ok      photographs are decoded"])
    with zipfile.ZipFile(target) as bundle:
        content = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(content) == {"versions.json", "selftest.txt", "logs/drscreen.log.jsonl"}
    assert "cryptography" in json.loads(content["versions.json"])
    assert content["logs/drscreen.log.jsonl"].count("\n") == 1
    assert "A-17" not in "".join(content.values())
    with pytest.raises(FileExistsError):
        write_bundle(target, log, [])
