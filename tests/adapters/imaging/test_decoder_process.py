"""The decoder in a process of its own: the same pixels, and nothing that it does harms the rest."""

from __future__ import annotations

import gc
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from PIL import Image

from drscreen.adapters.imaging import decoder_keeper
from drscreen.adapters.imaging.decoder_process import DecoderProcess
from drscreen.adapters.imaging.reader import PillowReader
from drscreen.domain.cancel import CancelToken
from drscreen.domain.errors import (
    Cancelled,
    DecoderNotStarted,
    PhotographBrokeDecoder,
    PhotographDamaged,
    PhotographEmpty,
    PhotographFormatUnsupported,
    PhotographSeveral,
    PhotographTakesTooLong,
    PhotographTakesTooMuchMemory,
)
from drscreen.domain.image import InputSpec
from tests.adapters.imaging.files import drawing, encoded, many_scans, png

DRAWING = drawing(3, 5)
JPEG = encoded(DRAWING, "JPEG")
linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel as Linux is asked")


@pytest.fixture(scope="module")
def reader() -> Iterator[DecoderProcess]:
    shared = DecoderProcess()
    yield shared
    shared.close()


@pytest.fixture
def own() -> Iterator[DecoderProcess]:
    """One that may be killed."""
    reader = DecoderProcess()
    yield reader
    reader.close()


def process_of(reader: DecoderProcess) -> psutil.Process:
    reader.decode(JPEG)
    process = reader._running[-1]._process
    assert process is not None
    return psutil.Process(process.pid)


def is_gone(process: psutil.Process) -> bool:
    try:
        process.wait(20)
    except psutil.TimeoutExpired:
        return False
    return True


def stand_in(code: str) -> list[str]:
    """A decoder that says it is ready and then does `code` with each photograph."""
    ready = struct.pack(">II", 11, 0) + b'{"ready":1}'
    program = (
        "import sys, time, os, pickle, struct\n"
        f"out = sys.stdout.buffer; out.write({ready!r}); out.flush()\n"
        "words, body = struct.unpack('>II', sys.stdin.buffer.read(8))\n"
        "sys.stdin.buffer.read(words + body)\n"
        f"{code}\n"
        "out.flush(); time.sleep(60)"
    )
    return [sys.executable, "-I", "-c", program]


# --- what it answers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        JPEG,
        encoded(DRAWING, "PNG"),
        encoded(DRAWING, "BMP"),
        encoded(DRAWING, "TIFF", compression="tiff_lzw"),
        encoded(DRAWING.resize((3_000, 2_400)), "JPEG", progressive=True),
        encoded(DRAWING, "JPEG")[:-2],
        encoded(DRAWING.convert("RGBA"), "PNG"),
        encoded(DRAWING, "MPO", DRAWING.reduce(3), save_all=True),
    ],
    ids=["JPEG", "PNG", "BMP", "TIFF", "large", "no end mark", "alpha", "preview"],
)
def test_it_answers_what_decoding_here_answers(reader: DecoderProcess, data: bytes) -> None:
    assert reader.decode(data) == PillowReader().decode(data)
    assert reader.whole(data) == PillowReader().whole(data)
    assert reader.whole(data, side=100) == PillowReader().whole(data, side=100)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", PhotographEmpty),
        (b"GIF89a" + bytes(500), PhotographFormatUnsupported),
        (JPEG[:5_000], PhotographDamaged),
        (JPEG + encoded(drawing(4, 4, "OS"), "JPEG"), PhotographSeveral),
        (many_scans(60_000), PhotographTakesTooLong),
    ],
)
def test_an_error_arrives_as_itself(
    reader: DecoderProcess, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        reader.decode(data)
    assert str(caught.value)
    assert reader.decode(JPEG).width == DRAWING.width


def test_one_process_serves_all_threads(reader: DecoderProcess) -> None:
    process = process_of(reader)
    seeds = list(range(6))
    files = {seed: encoded(drawing(1, seed, size=200), "PNG") for seed in seeds}
    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(lambda seed: reader.decode(files[seed]), seeds * 5))
    assert [s.image.pixels for s in seen[:6]] == [
        drawing(1, seed, size=200).tobytes() for seed in seeds
    ]
    assert seen[:6] == seen[6:12]
    assert process_of(reader) == process


def test_reading_and_preparing_happen_here(reader: DecoderProcess, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(JPEG)
    assert reader.read(file) == JPEG
    here = PillowReader().decode(JPEG)
    spec = InputSpec(64, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
    assert reader.prepare(here.image, spec) == PillowReader().prepare(here.image, spec)


# --- what holds it, breaks it or takes it over ----------------------------------------------


def test_a_photograph_that_takes_too_long_is_ended_and_the_next_is_read() -> None:
    reader = DecoderProcess(limit=0.3)
    process = process_of(reader)
    process.suspend()
    with pytest.raises(PhotographTakesTooLong):
        reader.decode(JPEG)
    assert is_gone(process)
    assert DecoderProcess().decode(JPEG).width == DRAWING.width
    reader.close()


def test_cancelling_ends_it_in_the_middle(own: DecoderProcess) -> None:
    process = process_of(own)
    process.suspend()
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    with pytest.raises(Cancelled):
        own.decode(JPEG, token)
    assert is_gone(process)
    assert own.decode(JPEG).width == DRAWING.width


def test_who_waits_for_another_photograph_can_be_cancelled_too(own: DecoderProcess) -> None:
    process_of(own).suspend()
    first, second = CancelToken(), CancelToken()
    with ThreadPoolExecutor(2) as pool:
        at_work = pool.submit(own.decode, JPEG, first)
        waiting = pool.submit(own.decode, JPEG, second)
        second.cancel()
        first.cancel()
        for job in (at_work, waiting):
            with pytest.raises(Cancelled):
                job.result(30)


def test_a_photograph_that_ends_it_is_its_own_error(own: DecoderProcess) -> None:
    process = process_of(own)
    process.suspend()
    threading.Timer(0.2, process.kill).start()
    with pytest.raises(PhotographBrokeDecoder):
        own.decode(JPEG)
    assert own.decode(JPEG).width == DRAWING.width


def test_one_that_died_while_nobody_asked_harms_no_photograph(own: DecoderProcess) -> None:
    process = process_of(own)
    process.kill()
    is_gone(process)
    assert own.decode(JPEG).width == DRAWING.width


@pytest.mark.parametrize(
    "code",
    [
        "out.write(pickle.dumps(os.getcwd()) * 50)",
        "out.write(struct.pack('>II', 2**31, 0))",
        "out.write(struct.pack('>II', 2, 2**32 - 1) + b'{}')",
        "out.write(struct.pack('>II', 2, 0) + b'[]')",
        "out.write(struct.pack('>II', 2, 0) + b'{}')",
        "out.write(struct.pack('>II', 4000, 0) + b'[' * 4000)",
        't = b\'{"image": [9, 9], "file": [9, 9], "media_type": "image/png"}\'; '
        "out.write(struct.pack('>II', len(t), 1) + t + b'x')",
        't = b\'{"image": ["a", 9], "file": [9, 9], "media_type": "image/png"}\'; '
        "out.write(struct.pack('>II', len(t), 0) + t)",
        't = b\'{"image": [1, 1], "file": [0, 9], "media_type": "image/png"}\'; '
        "out.write(struct.pack('>II', len(t), 3) + t + b'xxx')",
        't = b\'{"image": [1, 1], "file": [9, 9], "media_type": "text/html"}\'; '
        "out.write(struct.pack('>II', len(t), 3) + t + b'xxx')",
        't = b\'{"error": "store_full", "message": "no"}\'; '
        "out.write(struct.pack('>II', len(t), 0) + t)",
        "sys.exit(0)",
        "os.abort()",
    ],
)
def test_nonsense_from_one_that_was_taken_over_is_refused(code: str) -> None:
    reader = DecoderProcess(limit=20, command=stand_in(code))
    with pytest.raises(PhotographBrokeDecoder):
        reader.decode(JPEG)
    reader.close()


def test_what_it_says_is_shown_as_one_short_line() -> None:
    code = (
        't = b\'{"error": "photograph_damaged", "message": "\' + b\'\\\\u001b[2J\\\\n\' * 200'
        " + b'\"}'; out.write(struct.pack('>II', len(t), 0) + t)"
    )
    reader = DecoderProcess(limit=20, command=stand_in(code))
    with pytest.raises(PhotographDamaged) as caught:
        reader.decode(JPEG)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 300
    reader.close()


@pytest.mark.parametrize(
    "command",
    [
        ["/nowhere/python"],
        [sys.executable, "-c", "pass"],
        [sys.executable, "-c", "import time; time.sleep(60)"],
    ],
)
def test_one_that_cannot_be_started_is_said_and_nothing_is_decoded_here(
    command: list[str],
) -> None:
    reader = DecoderProcess(command=command, start_limit=2)
    for _ in range(2):
        with pytest.raises(DecoderNotStarted):
            reader.decode(JPEG)
    reader.close()


# --- what it may ---------------------------------------------------------------------------


def test_it_knows_nothing_of_the_environment(
    own: DecoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRSCREEN_SECRET", "canary")
    monkeypatch.setenv("PYTHONSTARTUP", "/canary")
    known = process_of(own).environ()
    assert "canary" not in str(known)
    assert "HOME" not in known


def test_it_loads_neither_the_network_nor_the_window_nor_the_records() -> None:
    program = (
        "import sys, drscreen.adapters.imaging.decoder_child\n"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " {'torch', 'PySide6', 'sqlalchemy', 'sqlcipher3', 'cryptography', 'psutil'}"
        " or m.startswith(('drscreen.adapters.store', 'drscreen.services'))])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"


@linux
def test_it_opens_no_file_starts_no_process_and_leaves_no_core(own: DecoderProcess) -> None:
    process = process_of(own)
    for what in (psutil.RLIMIT_CORE, psutil.RLIMIT_NOFILE, psutil.RLIMIT_NPROC):
        assert process.rlimit(what) == (0, 0)
    assert process.open_files() == []
    assert process.num_fds() == 5
    soft, hard = process.rlimit(psutil.RLIMIT_AS)
    assert soft == hard < process.memory_info().vms + 2_000_000_000


@linux
def test_a_large_transparent_picture_takes_a_fraction_of_the_memory_it_did(
    own: DecoderProcess,
) -> None:
    side = 5_000
    header = struct.pack(">IIBBBBB", side, side, 16, 6, 0, 0, 0)
    bomb = png(header, bytes((8 * side + 1) * side))
    assert len(bomb) < 250_000
    process = process_of(own)
    assert own.decode(bomb).width == side
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    kilobytes = int(status.partition("VmHWM:")[2].split()[0])
    # One copy of 4 bytes a pixel, and what the process has anyway; it took four copies once.
    assert kilobytes < 100_000 + 2 * side * side * 4 // 1_000


@linux
def test_a_picture_that_asks_for_too_much_memory_is_its_own_error() -> None:
    command = decoder_keeper._command()
    command[3] = (
        "import sys; sys.path[:] = sys.argv[1:-1]\n"
        "from drscreen.adapters.imaging import decoder_child as c\n"
        "c.MEMORY = 60_000_000; c.main()"
    )
    reader = DecoderProcess(command=command)
    with pytest.raises(PhotographTakesTooMuchMemory):
        reader.decode(encoded(Image.new("RGB", (6_000, 6_000)), "PNG"))
    assert reader.decode(JPEG).width == DRAWING.width
    reader.close()


# --- its end -------------------------------------------------------------------------------


def test_it_ends_when_it_is_given_up() -> None:
    reader = DecoderProcess()
    process = process_of(reader)
    del reader
    gc.collect()
    assert is_gone(process)


@linux
@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_program_however_that_ends(busy: bool, how: signal.Signals) -> None:
    program = (
        "import sys, time\n"
        "from drscreen.adapters.imaging.decoder_process import DecoderProcess\n"
        "from tests.adapters.imaging.files import drawing, encoded\n"
        "reader = DecoderProcess(); reader.decode(encoded(drawing(), 'PNG'))\n"
        "print(reader._running[-1]._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    if busy:
        child.suspend()
    parent.send_signal(how)
    parent.wait(30)
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while child.is_running() and time.monotonic() < deadline:
        if child.status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    assert not child.is_running()


@pytest.mark.skipif(sys.platform == "win32", reason="sends what a terminal sends elsewhere")
def test_an_interrupt_ends_the_program_in_the_middle_of_a_photograph() -> None:
    program = (
        "import sys, psutil\n"
        "from drscreen.adapters.imaging.decoder_process import DecoderProcess\n"
        "from tests.adapters.imaging.files import drawing, encoded\n"
        "reader = DecoderProcess(); reader.decode(encoded(drawing(), 'PNG'))\n"
        "psutil.Process(reader._running[-1]._process.pid).suspend()\n"
        "print('at work', flush=True); reader.decode(encoded(drawing(), 'PNG'))"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    time.sleep(0.3)
    os.killpg(parent.pid, signal.SIGINT)
    _, told = parent.communicate(timeout=15)
    assert parent.returncode != 0
    assert "KeyboardInterrupt" in told


def test_a_frozen_program_is_the_decoder_when_it_is_started_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = {"PYTHONPATH": os.pathsep.join(sys.path)}
    monkeypatch.setattr(decoder_keeper, "_SET", {**decoder_keeper._SET, **here})
    command = [sys.executable, "-m", "drscreen", decoder_keeper.ARGUMENT, str(os.getpid())]
    reader = DecoderProcess(command=command)
    assert reader.decode(JPEG) == PillowReader().decode(JPEG)
    reader.close()
