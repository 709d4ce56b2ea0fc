"""The README's lines by their headings. Standard library only: .ci/run uses it before installing.

`python tests/meta/readme.py "Test it"` prints the line below that heading.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def line_below(heading: str) -> str:
    """The one line of the first shell block below a heading."""
    text = README.read_text(encoding="utf-8")
    match = re.search(rf"^## {re.escape(heading)}$.*?^```sh\n(.+?)\n```$", text, re.M | re.S)
    if match is None or "\n" in match[1]:
        raise SystemExit(f"README.md has no one-line shell block below '{heading}'")
    return match[1]


if __name__ == "__main__":
    print(line_below(sys.argv[1]))
