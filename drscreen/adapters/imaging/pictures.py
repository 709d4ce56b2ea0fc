"""What a file holds before anything decodes it, in terms that all formats share."""

from __future__ import annotations

from dataclasses import dataclass

from drscreen.domain.errors import PhotographSeveral, PhotographTakesTooLong

#: Cameras write one scan or about ten, careful encoders a few dozen. Each costs a pass over all
#: pixels, and an empty one costs 15 bytes of the file.
MAX_SCANS = 100
#: Segments, chunks or pages of one file. A 40-megapixel PNG in pieces of 8 kB has 15,000.
MAX_PARTS = 50_000
#: More pictures than this are not told apart any further.
MAX_PICTURES = 1_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture in a file: its pixels, and the bytes from `start` to before `end` where they
    are a file by themselves. `page` is its place in a TIFF's chain, None elsewhere. `is_preview`
    says that the file itself calls it a smaller copy of another.
    """

    width: int
    height: int
    start: int = 0
    end: int = 0
    page: int | None = None
    is_preview: bool = False

    def is_clearly_smaller_than(self, other: Picture) -> bool:
        """At most half a side each way (odd sides rounded up), so a quarter of the pixels."""
        return 2 * self.width <= other.width + 1 and 2 * self.height <= other.height + 1


def too_many_scans(scans: int) -> PhotographTakesTooLong:
    """What is said of a picture made to be decoded for ever."""
    return PhotographTakesTooLong(
        f"The picture comes in {scans} passes or more; cameras write about ten."
    )


def too_many_parts() -> PhotographTakesTooLong:
    """What is said of a file that is cut into crumbs."""
    return PhotographTakesTooLong(f"The file is made of more than {MAX_PARTS} parts.")


def several(count: int) -> PhotographSeveral:
    """What is said of a file with more than one picture."""
    most = "at least " if count >= MAX_PICTURES else ""
    return PhotographSeveral(
        f"The file holds {most}{count} pictures. A grade of one of them would say nothing of the "
        "others."
    )
