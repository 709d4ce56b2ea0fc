"""Files that cannot become photographs."""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError


class PhotographError(DrscreenError):
    """A file that cannot become a photograph."""

    code = "photograph"
    kept = "The file was left as it is; nothing was recorded."


class PhotographNotFound(PhotographError):
    """The path names no readable file."""

    code = "photograph_not_found"
    advice = "Check the name, and that the camera's card or folder is connected."


class PhotographEmpty(PhotographError):
    """The file holds no bytes."""

    code = "photograph_empty"
    advice = "Copy the photograph from the camera again."


class PhotographTooLarge(PhotographError):
    """More bytes or pixels than a fundus camera writes."""

    code = "photograph_too_large"
    advice = "Export the photograph from the camera's software at its normal size."


class PhotographTooSmall(PhotographError):
    """Too few pixels to see a retina."""

    code = "photograph_too_small"
    advice = "Use the original photograph, not a thumbnail."


class PhotographFormatUnsupported(PhotographError):
    """Not one of the formats drscreen reads."""

    code = "photograph_format_unsupported"
    advice = "Export the photograph as JPEG, PNG, TIFF or BMP."


class PhotographDamaged(PhotographError):
    """A picture that breaks off or does not decode."""

    code = "photograph_damaged"
    advice = "Copy the photograph from the camera again; the copy at hand is incomplete."


class PhotographUnshowable(PhotographDamaged):
    """A recorded photograph that cannot be made a picture for the screen."""

    code = "photograph_unshowable"
    kept = "The photograph and its result are in the records, untouched."
    advice = "The other photographs can be opened. Tell whoever looks after drscreen."
