"""Files that people name: texts that cannot be read, folders that hold nothing, places that cannot
be written.
"""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError
from drscreen.domain.errors.disk import reason_of


class TextUnreadable(DrscreenError):
    """A text file in an encoding that is not known, or without what should stand in it."""

    code = "text_unreadable"
    advice = "Save it as plain text in UTF-8, then try again."


class NoPhotographs(DrscreenError):
    """A folder that was named holds no photographs, in itself or below."""

    code = "no_photographs"
    advice = "Name the folder that holds JPEG, PNG, TIFF or BMP files, or the files themselves."


class FolderUnreadable(DrscreenError):
    """A folder, or one inside it, may not be looked into: what it holds cannot be told."""

    code = "folder_unreadable"
    advice = "Ask whoever looks after the computer for the right to read it, or name another."


class PathTooLong(DrscreenError):
    """A path that somebody named is longer than the system takes: there cannot be such a file."""

    code = "path_too_long"
    advice = "Name a shorter path."


class FileUnwritable(DrscreenError):
    """A file or folder that was to be written cannot be."""

    code = "file_unwritable"
    kept = "What was there before was left as it is."
    advice = "Name another place, that you may write to and that has room."

    @classmethod
    def because(cls, what: str, error: OSError) -> FileUnwritable:
        """`what` could not be written ("The page cannot be written there."), and the reason."""
        return cls(f"{what} {reason_of(error)}")
