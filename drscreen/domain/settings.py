"""What a person can set on this machine. No secrets live here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Theme(StrEnum):
    """Appearance; SYSTEM follows the desktop."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


class DeviceChoice(StrEnum):
    """Where the network runs; AUTO takes the GPU when there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True)
class Settings:
    """`model` is a bundle's name; empty means the best installed one."""

    theme: Theme = Theme.SYSTEM
    device: DeviceChoice = DeviceChoice.AUTO
    model: str = ""
