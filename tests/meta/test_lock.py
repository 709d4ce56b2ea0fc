"""The lock of what is tested holds everything that is asked for."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement

from tests.meta.licences import OURS, plain
from tests.shared_data import ROOT

#: Which build of it one has is a choice, and each has other hashes; see requirements/renew.
UNLOCKED = {"torch", "torchvision"}


def test_what_we_ask_for_is_in_the_lock_in_a_version_that_we_allow() -> None:
    """Where this fails, run requirements/renew."""
    text = (ROOT / "requirements" / "tested.txt").read_text(encoding="utf-8")
    locked = {plain(name): version for name, version in re.findall(r"^(\S+)==(\S+)", text, re.M)}
    assert len(re.findall(r"^\S+==.*(?:\n +--hash=sha256:[0-9a-f]{64}.*)+", text, re.M)) == len(
        locked
    )
    for file in (ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        extras = project.get("optional-dependencies", {}).values()
        for line in [*project["dependencies"], *(one for extra in extras for one in extra)]:
            asked = Requirement(line)
            name = plain(asked.name)
            if name in UNLOCKED or name in OURS:
                continue
            assert name in locked, f"{name} is not locked"
            assert asked.specifier.contains(locked[name]), f"{name} {locked[name]} is not allowed"
