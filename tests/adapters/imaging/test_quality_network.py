"""The gate's small network as a file and as arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from drscreen.adapters.imaging.field_of_view import find_field_of_view
from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.adapters.imaging.quality_map import LAYERS, map_photograph
from drscreen.adapters.imaging.quality_network import QualityNetwork
from drscreen.adapters.system.paths import quality_network
from drscreen.domain.errors import QualityNetworkDamaged
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality, RgbImage

Tensors = dict[str, np.ndarray]


def test_the_program_s_own_network_is_whole_and_small() -> None:
    network = QualityNetwork.read(quality_network())
    assert network.typical < network.limit
    assert quality_network().stat().st_size < 200_000


def _missing_tensor(tensors: Tensors) -> None:
    del tensors["second.bias"]


def _not_finite(tensors: Tensors) -> None:
    tensors["head.bias"][0] = np.nan


def _other_shape(tensors: Tensors) -> None:
    tensors["first.weight"] = tensors["first.weight"][:, :-1]


@pytest.mark.parametrize("harm", [_missing_tensor, _not_finite, _other_shape])
def test_a_network_of_another_make_is_refused(
    harm: Callable[[Tensors], None], tmp_path: Path
) -> None:
    tensors = load_file(quality_network())
    harm(tensors)
    save_file(tensors, tmp_path / "network.safetensors", {"limit": "0.5", "typical": "-4"})
    with pytest.raises(QualityNetworkDamaged):
        QualityNetwork.read(tmp_path / "network.safetensors")


@pytest.mark.parametrize("said", [{}, {"limit": "high", "typical": "-4"}, {"limit": "nan"}])
def test_a_network_without_an_operating_point_is_refused(
    said: dict[str, str], tmp_path: Path
) -> None:
    save_file(load_file(quality_network()), tmp_path / "network.safetensors", said)
    with pytest.raises(QualityNetworkDamaged):
        QualityNetwork.read(tmp_path / "network.safetensors")


@pytest.mark.parametrize("kept", [0, 7, 5000])
def test_a_file_that_breaks_off_is_refused(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(quality_network().read_bytes()[:kept])
    with pytest.raises(QualityNetworkDamaged):
        QualityNetwork.read(path)
    with pytest.raises(QualityNetworkDamaged):
        QualityNetwork.read(tmp_path / "elsewhere.safetensors")


def test_margins_run_from_the_limit_to_a_typical_photograph() -> None:
    network = replace(QualityNetwork.read(quality_network()), limit=1.0, typical=-3.0)
    assert [network.margin(odds) for odds in (1.0, -3.0, 5.0)] == [0.0, 1.0, -1.0]


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (16, 17)])
def test_every_shape_of_picture_has_a_map(size: tuple[int, int]) -> None:
    width, height = size
    picture = RgbImage(width, height, bytes([120, 60, 30]) * (width * height))
    found = map_photograph(picture, find_field_of_view(picture))
    assert found.shape == (len(LAYERS), 24, 24)
    assert np.isfinite(found).all()


def test_a_map_hardly_depends_on_the_camera_s_resolution() -> None:
    maps = []
    for size in (500, 1500):
        drawn = draw_phantom(Grade.NONE, seed=1, eye=Laterality.OD, size=size)
        maps.append(map_photograph(drawn, find_field_of_view(drawn)))
    for name in ("red", "green", "vessel contrast", "lines"):
        layer = LAYERS.index(name)
        assert np.corrcoef(maps[0][layer].ravel(), maps[1][layer].ravel())[0, 1] > 0.9
