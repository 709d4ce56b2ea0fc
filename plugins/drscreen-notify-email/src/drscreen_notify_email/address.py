"""E-mail addresses: which can be written to, by drscreen's own rule."""

from __future__ import annotations

from drscreen.plugin_api import Address, AddressRefused
from drscreen.plugin_api import parse_address as parse

__all__ = ["Address", "AddressRefused", "parse"]
