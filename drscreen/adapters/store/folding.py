"""Text as compared in a search: case and accents aside."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text without case, accents and compatibility forms; what cannot be stored becomes `?`."""
    storable = text.encode("utf-8", "replace").decode("utf-8")
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", storable).casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
