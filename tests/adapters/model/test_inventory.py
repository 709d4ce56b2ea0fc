from __future__ import annotations

from pathlib import Path

from drscreen.adapters.model.bundle import MANIFEST, NO_KEYS, read_bundle
from drscreen.adapters.model.inventory import inventory, stored_tensors
from drscreen.domain.errors import BundleDamaged
from tests.bundles import random_tensors, write_random_bundle


def test_a_damaged_bundle_is_listed_with_its_reason(tmp_path: Path) -> None:
    write_random_bundle(tmp_path / "whole")
    write_random_bundle(tmp_path / "lite")
    manifest = tmp_path / "lite" / MANIFEST
    manifest.write_text(manifest.read_text().replace('"referable": 0.3', '"referable": 0.4'))
    damaged, whole = inventory(tmp_path, NO_KEYS)
    assert damaged.folder.name == "lite"
    assert damaged.preferred
    assert damaged.bundle is None
    assert isinstance(damaged.fault, BundleDamaged)
    assert whole.bundle is not None
    assert not whole.preferred
    assert whole.size == sum(f.stat().st_size for f in whole.folder.iterdir())


def test_every_tensor_is_told_as_it_lies_in_its_file(tmp_path: Path) -> None:
    bundle = read_bundle(write_random_bundle(tmp_path / "trial"))
    stored = {tensor.name: tensor for tensor in stored_tensors(bundle)}
    assert {n: t.shape for n, t in stored.items()} == {
        n: v.shape for n, v in random_tensors().items()
    }
    assert (stored["conv1.weight"].type, stored["conv1.weight"].size) == ("float32", 64 * 147 * 4)
    middle = stored["layer1.0.conv1.weight"]
    assert (middle.type, middle.size) == ("int8", 64 * 64 * 9 + 64 * 4)
    assert stored["fc.weight"].type == "float32"
