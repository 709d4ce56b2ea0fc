from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drscreen.adapters.model.bundle import (
    MANIFEST,
    installed,
    read_bundle,
    resolve,
)
from drscreen.adapters.model.bundle_writer import SHARD_BYTES, write_bundle
from drscreen.adapters.model.eight_bit import PEAK_SUFFIX, packed, unpacked
from drscreen.adapters.model.signature import SIGNATURE
from drscreen.domain.errors import BundleDamaged, BundleMissing, BundleUnsupported, FileUnwritable
from drscreen.domain.manifest import manifest_hash
from tests.bundles import content, random_tensors, write_random_bundle


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial")


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "trial"))


def test_a_bundle_reads_back_what_was_written(bundle: Path) -> None:
    read = read_bundle(bundle)
    assert read.info.name == "trial"
    assert read.temperature == 1.5
    assert read.operating_point.referable == 0.3
    original = random_tensors()
    for name, values in read.tensors().items():
        # Rounding errs uniformly by up to half a step: by 0.29 of one, root mean square.
        step = np.abs(original[name]).max() / 127
        assert np.sqrt(np.mean((values - original[name]) ** 2)) <= 0.3 * step + 1e-9, name


def test_tensors_in_another_memory_order_read_back_the_same(tmp_path: Path) -> None:
    # As training leaves them: channels_last, so that C order and memory order differ.
    plain = random_tensors()
    strided = {
        name: values.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
        if values.ndim == 4
        else values
        for name, values in plain.items()
    }
    one = write_bundle(tmp_path / "plain", plain, content()).tensors()
    other = write_bundle(tmp_path / "strided", strided, content()).tensors()
    for name, values in one.items():
        np.testing.assert_array_equal(other[name], values, err_msg=name)


def test_weights_take_a_byte_each_and_shards_stay_below_sixteen_megabytes(bundle: Path) -> None:
    sizes = [f.stat().st_size for f in bundle.glob("*.safetensors")]
    parameters = sum(v.size for v in random_tensors().values())
    assert sum(sizes) < 1.05 * parameters
    assert max(sizes) <= SHARD_BYTES + 100_000


def test_a_resnet152_fits_in_sixty_megabytes(tmp_path: Path) -> None:
    tensors = random_tensors("resnet152")
    written = write_bundle(tmp_path / "large", tensors, content(architecture="resnet152"))
    sizes = [f.stat().st_size for f in (tmp_path / "large").iterdir()]
    assert len(written.shards) > 1
    assert sum(sizes) < 60e6
    assert max(sizes) < 16e6


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=6),
        elements=st.floats(-1e3, 1e3, width=32),
    )
)
def test_eight_bits_err_by_no_more_than_plain_rounding(values: npt.NDArray[np.float32]) -> None:
    flat = values.reshape(values.shape[0], -1)
    step = np.maximum(np.abs(flat).max(axis=1, keepdims=True), 1e-12) / np.float32(127)
    plain = ((np.rint(flat / step) * step - flat) ** 2).sum(axis=1)
    restored = unpacked("w", packed("w", values)).reshape(flat.shape)
    found = ((restored - flat) ** 2).sum()
    assert found <= plain.sum() * 1.001 + 1e-9


def test_small_weights_beside_a_single_large_one_survive() -> None:
    # A transplanted row picks one input; what training adds to the others is far smaller.
    picks = np.eye(64, 256, dtype=np.float32)
    learnt = np.random.default_rng(1).normal(0, 1e-3, (64, 256)).astype(np.float32)
    stored = packed("w", picks + learnt)
    found = unpacked("w", stored)
    assert np.abs(found - (picks + learnt)).max() < 5e-4
    assert np.corrcoef((found - picks).ravel(), learnt.ravel())[0, 1] > 0.99
    # Where no weight stands out nothing is kept apart.
    assert "w" + PEAK_SUFFIX not in packed("w", learnt)


# --- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize("where", [0.0, 0.01, 0.3, 0.5, 0.77, 0.999])
def test_one_flipped_bit_in_any_file_is_found(bundle: Path, where: float) -> None:
    for path in sorted(bundle.iterdir()):
        good = path.read_bytes()
        bad = bytearray(good)
        bad[int(where * len(bad))] ^= 1
        path.write_bytes(bytes(bad))
        with pytest.raises(BundleDamaged):
            read_bundle(bundle)
        path.write_bytes(good)
    read_bundle(bundle)


def test_a_bundle_damaged_after_it_was_verified_is_found_on_loading(bundle: Path) -> None:
    read = read_bundle(bundle)
    shard = bundle / read.shards[0]
    shard.write_bytes(shard.read_bytes()[:-1] + b"\0")
    with pytest.raises(BundleDamaged):
        read.tensors()


def test_a_missing_bundle_a_missing_shard_and_an_empty_folder(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        read_bundle(tmp_path / "none")
    with pytest.raises(BundleMissing):
        resolve(tmp_path, "none")
    with pytest.raises(BundleMissing):
        resolve(tmp_path / "none", "")
    next(bundle.glob("*.safetensors")).unlink()
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


def rewrite(bundle: Path, **changes: object) -> None:
    """Change the manifest as somebody would who can compute its hash, and has no key."""
    manifest = json.loads((bundle / MANIFEST).read_text()) | changes
    manifest["manifest_sha256"] = manifest_hash(manifest)
    (bundle / MANIFEST).write_text(json.dumps(manifest))
    (bundle / SIGNATURE).unlink(missing_ok=True)


@pytest.mark.parametrize("changes", [{"format": 3}, {"classes": ["no", "yes"]}])
def test_a_bundle_of_another_kind_is_unsupported(bundle: Path, changes: dict[str, object]) -> None:
    rewrite(bundle, **changes)
    with pytest.raises(BundleUnsupported):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": "warm"},
        {"input": {"size": 64}},
        {"operating_point": {"referable": 2}},
        {"files": {"../../secret": "0"}},
    ],
)
def test_a_manifest_that_makes_no_sense_is_damaged(
    bundle: Path, changes: dict[str, object]
) -> None:
    rewrite(bundle, **changes)
    with pytest.raises(BundleDamaged):
        read_bundle(bundle)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    tensors = random_tensors()
    tensors["bn1.weight"] = np.full_like(tensors["bn1.weight"], np.nan)
    with pytest.raises(BundleDamaged):
        write_bundle(tmp_path / "nan", tensors, content()).tensors()


def test_the_preferred_bundle_is_taken_where_none_is_named(whole: Path, tmp_path: Path) -> None:
    for name in ("zebra", "lite"):
        shutil.copytree(whole, tmp_path / name)
    assert installed(tmp_path) == ["lite", "zebra"]
    assert resolve(tmp_path, "") == tmp_path / "lite"
    assert resolve(tmp_path, str(whole)) == whole


def test_a_folder_with_something_else_in_it_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"dear to somebody")
    with pytest.raises(FileUnwritable, match="something else"):
        write_random_bundle(folder)
    assert (folder / "holiday.jpg").read_bytes() == b"dear to somebody"
