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


class PhotographTooNarrow(PhotographError):
    """A strip: no camera's frame has such a shape."""

    code = "photograph_too_narrow"
    advice = "Use the photograph as the camera wrote it, not a part cut out of it."


class PhotographSeveral(PhotographError):
    """One file with several pictures in it: a grade of one would pass for a grade of all."""

    code = "photograph_several"
    advice = "Save each picture as a file of its own, and add each with the eye it shows."


class PhotographRecordedAlready(PhotographError):
    """The very file is recorded for this patient and eye: a second record would count it twice."""

    code = "photograph_recorded_already"
    kept = "It is recorded once, as before."
    advice = "Take it off the list."


class PhotographRecordedElsewhere(PhotographError):
    """The very file is recorded for another patient or the other eye: one of the two is wrong."""

    code = "photograph_recorded_elsewhere"
    advice = (
        "Check whose photograph it is and which eye it shows, before you record it here as well."
    )


class PhotographTakesTooLong(PhotographError):
    """A picture built so that decoding it takes far longer than a camera's does."""

    code = "photograph_takes_too_long"
    advice = "Export the photograph again from the camera's software. Ask where this file is from."


class PhotographTakesTooMuchMemory(PhotographError):
    """A picture that asks for more memory than a camera's does."""

    code = "photograph_takes_too_much_memory"
    advice = "Export the photograph as JPEG from the camera's software at its normal size."


class PhotographBrokeDecoder(PhotographError):
    """The process that decodes photographs ended over this one, or answered nonsense."""

    code = "photograph_broke_decoder"
    advice = "Do not open this file again. Copy the photograph from the camera once more."


class DecoderNotStarted(PhotographError):
    """The process that decodes photographs cannot be started; none is decoded elsewhere."""

    code = "decoder_not_started"
    advice = "Start the program again; if it stays so, install it afresh."


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
