"""Which installed plugins may run: an administrator says so, by name and hash of their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: Digits of a hash that people are shown; the whole of it is what is compared.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class PluginOffer:
    """An installed plugin as its metadata and files say, before any of it runs.

    `package` is the distribution's name in its normal form; `notifier` is what it calls the one
    that it offers; `digest` is the SHA-256 over all its files, in hex.
    """

    package: str
    version: str
    notifier: str
    digest: str

    @property
    def short(self) -> str:
        """As much of the hash as people compare."""
        return self.digest[:SHOWN]


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """That somebody chose these files of a package to run. `moment` is aware."""

    package: str
    version: str
    digest: str
    by: str
    moment: datetime

    def holds_for(self, offer: PluginOffer) -> bool:
        """Whether these are the files that were chosen."""
        return self.package == offer.package and self.digest == offer.digest


def standing(offer: PluginOffer, choice: PluginChoice | None) -> str:
    """Why a plugin does not run; empty where it may."""
    if choice is None:
        return (
            "No administrator has chosen it yet, so it does not run. Look where it comes from, "
            "then choose it."
        )
    if not choice.holds_for(offer):
        return (
            f"It has changed since {choice.by} chose it on {choice.moment.date()}, so it does not "
            "run. Look what changed, then choose it anew."
        )
    return ""
