"""Every failure a person can meet, each with a code and a sentence a nurse understands.

An error says three things: what happened (`message`), what was kept (`kept`) and what to do
(`advice`). None of them may carry patient data, a password or a file's content, because errors
are logged and shown to whoever stands at the machine.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import ClassVar

from drscreen.domain.integrity import PhotographFault


class DrscreenError(Exception):
    """Base of all expected failures. `code` is stable: scripts and translations key on it."""

    code: ClassVar[str] = "error"
    kept: ClassVar[str] = "Nothing was changed."
    advice: ClassVar[str] = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Cancelled(DrscreenError):
    """The person asked for the job to end. Not a fault."""

    code = "cancelled"
    advice = "Start again when you are ready."

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")


# --- photographs ---------------------------------------------------------------------------


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


# --- network -------------------------------------------------------------------------------


class BundleError(DrscreenError):
    """A network bundle that cannot be used."""

    code = "bundle"
    advice = "Install drscreen again, or choose another network."


class BundleMissing(BundleError):
    """No bundle of that name."""

    code = "bundle_missing"


class BundleDamaged(BundleError):
    """A bundle whose files are not the ones its manifest names."""

    code = "bundle_damaged"


class BundleUnsupported(BundleError):
    """A bundle that is whole but that this version cannot run."""

    code = "bundle_unsupported"


class QualityNetworkDamaged(DrscreenError):
    """The quality gate's own small network, a part of the program, is missing or damaged."""

    code = "quality_network_damaged"
    advice = "Install drscreen again. Without it no photograph is graded."


class WeightsRefused(DrscreenError):
    """A file of weights that holds code besides numbers; none of it was run."""

    code = "weights_refused"
    kept = "Nothing of it was run and nothing was written."
    advice = "Ask whoever made it for the weights alone, best as .safetensors."


class WeightsUnfit(DrscreenError):
    """A file of weights that cannot be read, or that holds another network than was looked for."""

    code = "weights_unfit"
    kept = "Nothing was written."
    advice = "drscreen imports ResNet-152 and ResNet-18 with five grades; see docs/models.md."


class ExportUnavailable(DrscreenError):
    """The libraries that write ONNX are not installed; screening does without them."""

    code = "export_unavailable"
    advice = 'Install them with: pip install "onnx>=1.20" "onnxscript>=0.7"'


class ExportFailed(DrscreenError):
    """The written network does not compute what drscreen's does, or could not be written."""

    code = "export_failed"
    kept = "No half-written file was left."
    advice = "Export as .safetensors instead, and report this."


class FileUnwritable(DrscreenError):
    """A file or folder that was to be written cannot be."""

    code = "file_unwritable"
    kept = "What was there before was left as it is."
    advice = "Name another place, that you may write to and that has room."


class DeviceUnavailable(DrscreenError):
    """The named device is not in this machine."""

    code = "device_unavailable"
    advice = "Choose the device 'auto' or 'cpu'."


class PredictionFailed(DrscreenError):
    """The network ran and gave nothing usable (not-a-number, out of memory)."""

    code = "prediction_failed"
    advice = "Try again; if it happens again, verify the network bundle."


# --- store ---------------------------------------------------------------------------------


class StoreError(DrscreenError):
    """The encrypted store refused."""

    code = "store"


class StoreMissing(StoreError):
    """There is no store in that folder yet."""

    code = "store_missing"
    advice = "Make one with 'drscreen init', or name the right folder."


class StoreExists(StoreError):
    """There is a store in that folder already."""

    code = "store_exists"
    advice = "Sign in to it, or name another folder."


class StoreForeign(StoreError):
    """A file stands where the database should be, and it is not ours."""

    code = "store_foreign"
    advice = "Move the file elsewhere, or name another folder."


class StoreDamaged(StoreError):
    """The store is ours and does not read back as written."""

    code = "store_damaged"
    advice = "Do not delete anything; restore the last backup into an empty folder."


class PhotographLost(StoreDamaged):
    """A recorded photograph is not in the vault as it was written; its result is untouched."""

    code = "photograph_lost"
    kept = "The result is in the records; the photograph itself cannot be shown."
    advice = "Run 'drscreen check --mend-from' with the folder of the backups to fetch it back."

    def __init__(self, fault: PhotographFault) -> None:
        super().__init__(_LOST[fault])
        self.fault = fault


_LOST = {
    PhotographFault.MISSING: "The file of this photograph is missing from the vault.",
    PhotographFault.SWAPPED: "In the place of this photograph lies another one's file.",
    PhotographFault.DAMAGED: "The file of this photograph does not read back as it was written.",
}


class StoreNewer(StoreError):
    """The database was written by a newer drscreen."""

    code = "store_newer"
    advice = "Install the newest drscreen on this machine."


class StoreFull(StoreError):
    """The disk has no room for what was to be written."""

    code = "store_full"
    advice = "Free some room on the disk, then save again."


class StoreUnwritable(StoreError):
    """The folder does not let us write."""

    code = "store_unwritable"
    advice = "Check that the folder exists and that you may write to it."


class StoreOnNetwork(StoreError):
    """The folder lies on another machine's disk, where SQLite's locks and syncs do not hold."""

    code = "store_on_network"
    advice = "Name a folder on a disk of this machine. Backups may well lie on the share."


class BackupError(DrscreenError):
    """A backup that cannot be made, read or restored."""

    code = "backup"
    kept = "The records themselves were not touched."


class BackupMissing(BackupError):
    """No backup of that name in that folder."""

    code = "backup_missing"
    advice = "List them with 'drscreen backup list', or name another folder."


class BackupDamaged(BackupError):
    """A backup whose files are not the ones that were written."""

    code = "backup_damaged"
    advice = "Use an older backup; make a new one soon, best on another disk."


class BackupUnwritable(BackupError):
    """A backup, or what is restored from one, has no room or may not be written."""

    code = "backup_unwritable"
    advice = "Free some room there, or name another folder."


class BackupRunning(BackupError):
    """Another window is making a backup."""

    code = "backup_running"
    advice = "Wait until it has ended."


class SignInFailed(DrscreenError):
    """Unknown user or wrong password; deliberately not told apart."""

    code = "sign_in_failed"
    advice = "Check the user name, and whether Caps Lock is on."


class SignInThrottled(SignInFailed):
    """Too many failures in a row for this name; nothing was tried."""

    code = "sign_in_throttled"
    advice = "Wait, then type the password slowly. The administrator can give you a new one."

    def __init__(self, wait: timedelta) -> None:
        self.seconds = math.ceil(wait.total_seconds())
        super().__init__(
            f"Too many sign-ins failed for this user name: wait {self.seconds} seconds."
        )


class UserUnknown(DrscreenError):
    """No account of that name."""

    code = "user_unknown"
    advice = "See the list of accounts; a removed one cannot come back under its name."


class AccountProtected(DrscreenError):
    """What would leave the clinic without an administrator."""

    code = "account_protected"
    advice = "Make another account an administrator first."


class AccountRemoved(StoreError):
    """The account of whoever is signed in was removed by an administrator."""

    code = "account_removed"
    advice = "Ask the administrator."


class KeyChangeRefused(StoreError):
    """The data key cannot be changed now."""

    code = "key_change_refused"
    kept = "The old key stays in use; nothing was lost."
    advice = "Close drscreen everywhere else, then change the key again."


class PasswordTooWeak(DrscreenError):
    """A password below the rule of `domain.users`."""

    code = "password_too_weak"
    advice = "A few words that you can remember make a good password."


class NotPermitted(DrscreenError):
    """The person's role does not allow it."""

    code = "not_permitted"
    advice = "Ask somebody whose account allows it, or the administrator for another role."


class UserExists(DrscreenError):
    """A user of that name is there already."""

    code = "user_exists"
    advice = "Choose another user name."


class PatientExists(DrscreenError):
    """A patient with that number is there already."""

    code = "patient_exists"
    advice = "Open the existing record instead."


class PatientUnknown(DrscreenError):
    """No patient with that number."""

    code = "patient_unknown"
    advice = "Check the number, or make a new record."


class InvalidInput(DrscreenError):
    """A field whose content cannot be what it says."""

    code = "invalid_input"
    advice = "Correct the field and save again."


# --- data sets and training ----------------------------------------------------------------


class DatasetError(DrscreenError):
    """Labels or photographs of a data set that cannot be used."""

    code = "dataset"
    advice = "Correct the labels file, then start again."


class CheckpointError(DrscreenError):
    """A checkpoint that belongs to another run or cannot be read."""

    code = "checkpoint"
    advice = "Name another run folder, or start afresh without it."


class SquaresUnwritable(DrscreenError):
    """The prepared photographs of a training do not fit or may not be written."""

    code = "squares_unwritable"
    kept = "Nothing half-written was left."
    advice = "Free some room on the disk, or name another run folder, then start again."


class PlottingUnavailable(DrscreenError):
    """The library that draws a training's curves is not installed; screening does without it."""

    code = "plotting_unavailable"
    kept = "The training and its measurement are whole; only the pictures are missing."
    advice = 'Install it with: pip install "matplotlib>=3.9"'


# --- notices -------------------------------------------------------------------------------


class NoticeError(DrscreenError):
    """A notice, or what sends it, that cannot be as it was asked for."""

    code = "notice"


class TemplateInvalid(NoticeError):
    """A template that is empty, too long, or names what it may not."""

    code = "template_invalid"
    advice = "Correct the text and save again."


class NoticeUnknown(NoticeError):
    """No notice of that number, or not one that this can be done to."""

    code = "notice_unknown"
    advice = "Look at the list again: it may have changed meanwhile."


class NotifierUnusable(NoticeError):
    """A notifier that is missing, broken, or set up wrongly."""

    code = "notifier_unusable"
    advice = "See Settings, Notices."


class ReminderTooSoon(NoticeError):
    """A reminder of that kind went out to the patient a short time ago."""

    code = "reminder_too_soon"
    advice = "Call the patient, or wait."
