"""What a manifest may say. Each absurdity is written with the right hash, as anybody can."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from drscreen.adapters.model.bundle import MANIFEST, read_bundle
from drscreen.adapters.model.signature import SIGNATURE
from drscreen.domain.errors import BundleDamaged, BundleError
from drscreen.domain.manifest import manifest_hash, read_manifest
from tests.bundles import write_random_bundle

NAN, INFINITE = float("nan"), float("inf")
POINT = {"referable": 0.3, "abstain_low": 0.25, "abstain_high": 0.35, "vision_threatening": 0.5}
SPEC = {"size": 64, "mean": [0.5, 0.4, 0.3], "std": [0.25, 0.25, 0.25], "equalise": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial")
    (folder / SIGNATURE).unlink()
    return folder


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """Links: only the manifest is a test's own."""
    folder = tmp_path / "trial"
    folder.mkdir()
    for file in whole.iterdir():
        (folder / file.name).symlink_to(file)
    manifest = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_bytes(manifest)
    return folder


def rewrite(bundle: Path, **changes: Any) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text()) | changes
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (bundle / MANIFEST).write_text(json.dumps(manifest))


def test_links_to_whole_files_are_whole(bundle: Path) -> None:
    assert read_bundle(bundle).info.name == "trial"
    rewrite(bundle, temperature=3, grade_cuts=[0.5, 0.6, 1.8, 4])
    assert read_bundle(bundle).grade_cuts == (0.5, 0.6, 1.8, 4.0)


@pytest.mark.parametrize("value", [NAN, INFINITE, 0, -1, 1e-9, 1e6, True, "1.5", None, [1.5]])
@pytest.mark.parametrize("field", ["temperature", "pooling_power"])
def test_an_absurd_number_is_refused(bundle: Path, field: str, value: Any) -> None:
    rewrite(bundle, **{field: value})
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "cuts",
    [
        [4, 4, 4, 4],
        [0.5, 0.5, 2.5, 3.5],
        [0.5, 1.5, 3.5, 2.5],
        [0.5, 1.5, 2.5],
        [-0.1, 1.5, 2.5, 3.5],
        [0.5, 1.5, 2.5, 4.1],
        [0.5, 1.5, 2.5, NAN],
        "0123",
        {"0": 1, "1": 2, "2": 3, "3": 4},
    ],
)
def test_cuts_that_do_not_ascend_from_0_to_4_are_refused(bundle: Path, cuts: Any) -> None:
    rewrite(bundle, grade_cuts=cuts)
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 0},
        {"size": 10**9},
        {"size": 64.0},
        {"size": True},
        {"mean": [0.5, 0.4]},
        {"mean": [0.5, 0.4, 1e308]},
        {"mean": [0.5, 0.4, NAN]},
        {"std": [0.25, 0.25, 0.0]},
        {"std": [0.25, -0.25, 0.25]},
        {"std": [0.25, 0.25, INFINITE]},
        {"equalise": "no"},
    ],
)
def test_an_absurd_input_is_refused(bundle: Path, changes: dict[str, Any]) -> None:
    rewrite(bundle, input=SPEC | changes)
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"referable": 0.2},
        {"referable": NAN},
        {"abstain_low": 0.0},
        {"abstain_high": 1.0},
        {"abstain_high": 0.29},
        {"vision_threatening": 0.0},
        {"vision_threatening": 2},
        {"another": 0.5},
    ],
)
def test_an_absurd_operating_point_is_refused(bundle: Path, changes: dict[str, Any]) -> None:
    rewrite(bundle, operating_point=POINT | changes)
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "text", ["", " lite", "lite\n", "\x1b[2Jlite", "a\u202eb", "\ud800", "x" * 81, 1, None]
)
@pytest.mark.parametrize("field", ["name", "version"])
def test_a_name_that_a_terminal_would_obey_is_refused(bundle: Path, field: str, text: Any) -> None:
    rewrite(bundle, **{field: text})
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files | {"../evil": "0" * 64},
        lambda files: files | {"/etc/passwd": "0" * 64},
        lambda files: files | {".hidden": "0" * 64},
        lambda files: files | {"bundle.sig": "0" * 64},
        lambda files: files | {"model-00002-of-00002.safetensors": "0" * 64},
        lambda files: files | {f"plot{n}.svg": "0" * 64 for n in range(100)},
        lambda files: dict.fromkeys(files, 1),
        lambda files: {name: digest for name, digest in files.items() if "model-" not in name},
        list,
        lambda files: {},
    ],
)
def test_absurd_files_are_refused(bundle: Path, change: Callable[[Any], Any]) -> None:
    rewrite(bundle, files=change(json.loads((bundle / MANIFEST).read_text())["files"]))
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize("value", [1e308, -1, NAN, "all"])
def test_an_absurd_agreement_is_refused(bundle: Path, value: Any) -> None:
    rewrite(bundle, agreement={"bf16_grade": value})
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": 1e999}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
        b'{"a": "' + b"x" * 3_000_000 + b'"}',
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'{"a": 1' + b"0" * 400 + b"}",
        b"\xff{}",
        b"\xef\xbb\xbf{}",
        b"[]",
        b"null",
        b"",
    ],
    ids=range(14),
)
def test_json_that_only_python_would_read_is_refused(bundle: Path, text: bytes) -> None:
    with pytest.raises(ValueError):
        read_manifest(text)
    (bundle / MANIFEST).write_bytes(text)
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


def test_brackets_in_a_text_are_no_depth() -> None:
    manifest: dict[str, Any] = {"card": '[{"' * 1000}
    manifest["manifest_sha256"] = manifest_hash(manifest)
    assert read_manifest(json.dumps(manifest).encode()) == manifest


def test_a_file_that_the_network_does_not_name_is_refused_and_litter_is_not(bundle: Path) -> None:
    (bundle / ".DS_Store").write_bytes(b"left by a file manager")
    (bundle / "Thumbs.db").write_bytes(b"the same")
    read_bundle(bundle)
    (bundle / "model-00002-of-00002.safetensors").write_bytes(b"something")
    with pytest.raises(BundleDamaged, match="does not name"):
        read_bundle(bundle)


def test_what_is_no_plain_file_is_refused_without_waiting_for_it(bundle: Path) -> None:
    card = bundle / "MODEL_CARD.md"
    card.unlink()
    card.mkdir()
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)
    card.rmdir()
    card.symlink_to("/dev/zero")
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)
    card.unlink()
    with card.open("wb") as handle:
        handle.truncate(10**12)  # takes no room on the disk, and would fill the memory
    with pytest.raises(BundleDamaged, match="larger"):
        read_bundle(bundle)


Arrays = dict[str, Any]


def _stray(arrays: Arrays) -> None:
    arrays["nothing::scale"] = np.ones(3, np.float32)


def _doubles(arrays: Arrays) -> None:
    arrays["fc.bias"] = arrays["fc.bias"].astype(np.float64)


def _no_scale(arrays: Arrays) -> None:
    del arrays["layer1.0.conv1.weight::scale"]


def _short_scale(arrays: Arrays) -> None:
    arrays["layer1.0.conv1.weight::scale"] = arrays["layer1.0.conv1.weight::scale"][:1]


def _not_finite(arrays: Arrays) -> None:
    arrays["layer1.0.conv1.weight::scale"][0] = np.inf


@pytest.mark.parametrize("harm", [_stray, _doubles, _no_scale, _short_scale, _not_finite])
def test_tensors_of_another_kind_are_refused(
    whole: Path, tmp_path: Path, harm: Callable[[Arrays], None]
) -> None:
    bundle = Path(shutil.copytree(whole, tmp_path / "trial"))
    (shard,) = bundle.glob("*.safetensors")
    arrays = load_file(shard)
    harm(arrays)
    data = save(arrays)
    shard.write_bytes(data)
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    rewrite(bundle, files=files | {shard.name: hashlib.sha256(data).hexdigest()})
    with pytest.raises(BundleError):
        read_bundle(bundle).tensors()
