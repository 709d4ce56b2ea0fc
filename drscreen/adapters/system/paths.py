"""Where things lie. The only place that finds files by this package's own location."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

HOME_VARIABLE = "DRSCREEN_HOME"
STATE_VARIABLE = "DRSCREEN_STATE"


def program_root() -> Path:
    """The folder that holds resources/ and weights/: the checkout, or a frozen program's own."""
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen) if frozen else Path(__file__).resolve().parents[3]


def resources() -> Path:
    """Icons, styles and other plain files."""
    return program_root() / "resources"


def quality_network() -> Path:
    """The quality gate's own small network."""
    return resources() / "quality" / "network.safetensors"


def trusted_keys() -> Path:
    """The public keys by which this program tells who signed a network."""
    return resources() / "keys"


def bundles() -> Path:
    """The folder of installed network bundles, one folder each."""
    return program_root() / "weights"


def home(named: Path | None = None) -> Path:
    """The data folder: as named, else DRSCREEN_HOME, else the user's own data folder."""
    if named is not None:
        return named.expanduser().resolve()
    from_environment = os.environ.get(HOME_VARIABLE)
    if from_environment:
        return Path(from_environment).expanduser().resolve()
    return Path(platformdirs.user_data_dir("drscreen", appauthor=False))


def machine_state() -> Path:
    """What this machine remembers of stores, outside of their folders: DRSCREEN_STATE, else the
    user's own folder for such.
    """
    from_environment = os.environ.get(STATE_VARIABLE)
    if from_environment:
        return Path(from_environment).expanduser().resolve()
    return Path(platformdirs.user_state_dir("drscreen", appauthor=False))


def demonstration_home(home_folder: Path) -> Path:
    """The demonstration clinic's own home, beside the real records and never among them."""
    return home_folder / "demonstration"
