"""Data sets of drawings in the layouts of the public ones, with their real csv headers."""

from __future__ import annotations

import io
import tarfile
from functools import cache
from pathlib import Path

from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality

APTOS = "id_code,diagnosis"
EYEPACS = "image,level"
DEEPDRID = (
    "patient_id,image_id,image_path,Overall quality,left_eye_DR_Level,right_eye_DR_Level,"
    "patient_DR_Level,Clarity,Field definition,Artifact"
)
DEEPDRID_ULTRA_WIDE = "patient_id,image_id,image_path,DR_level,position"
MESSIDOR2 = "image_id,adjudicated_dr_grade,adjudicated_dme,adjudicated_gradable"
MESSIDOR2_PAIRS = "left;right"
IDRID = "Image name,Retinopathy grade,Risk of macular edema ,,,,,,,,,"
PLAIN = "file,patient,eye,icdr,quality"
SHARDED = "file,patient,eye,icdr,quality,shard"


@cache
def drawing(seed: int, suffix: str = ".png") -> bytes:
    """A picture file of 96 pixels' width, another one for each seed."""
    phantom = draw_phantom(Grade(seed % 5), seed=seed, eye=Laterality.OD, size=128)
    picture = Image.frombytes("RGB", (phantom.width, phantom.height), phantom.pixels)
    out = io.BytesIO()
    picture.save(out, {".png": "PNG", ".tif": "TIFF"}.get(suffix.lower(), "JPEG"))
    return out.getvalue()


def draw(folder: Path, *names: str) -> None:
    """Photographs of these names below `folder`, no two alike."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawing(number, path.suffix))


def touch(folder: Path, *names: str) -> None:
    """Files of these names: enough where nothing is decoded."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def write_csv(path: Path, header: str, *rows: str) -> Path:
    """A csv with Windows' line ends, as most of the public ones have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\r\n" for line in (header, *rows)).encode())
    return path


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    """A plain tar."""
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def idrid(folder: Path) -> None:
    """IDRiD, with the part on localisation, which holds the grading part's photographs again."""
    grading, elsewhere = folder / "B. Disease Grading", folder / "C. Localization"
    for part in (grading, elsewhere):
        images = part / "1. Original Images"
        touch(images, "a. Training Set/IDRiD_001.jpg", "a. Training Set/IDRiD_002.jpg")
        touch(images, "b. Testing Set/IDRiD_001.jpg")
    truth = grading / "2. Groundtruths"
    rows = ("IDRiD_001,3,2,,,,,,,,,", "IDRiD_002,0,0,,,,,,,,,", ",,,,,,,,,,,")
    write_csv(truth / "a. IDRiD_Disease Grading_Training Labels.csv", IDRID, *rows)
    header = "Image name,Retinopathy grade,Risk of macular edema "
    write_csv(truth / "b. IDRiD_Disease Grading_Testing Labels.csv", header, "IDRiD_001,4,0")


def deepdrid(folder: Path) -> None:
    """DeepDRiD: rows of its own training csv, with ultra-wide pictures and templates beside it."""
    part = folder / "regular_fundus_images" / "regular-fundus-training"
    for patient, names in ((51, "l1 l2 r1 r2"), (56, "l1 r3 l3 r2"), (57, "l1 l2 r1")):
        touch(part / "Images", *(f"{patient}/{patient}_{name}.jpg" for name in names.split()))

    def row(patient: int, name: str, rest: str) -> str:
        image = f"{patient}_{name}"
        return f"{patient},{image},\\regular-fundus-training\\{patient}\\{image}.jpg,{rest}"

    write_csv(
        part / "regular-fundus-training.csv",
        DEEPDRID,
        row(51, "l1", "0,0,,4,4,6,8"),
        row(51, "l2", "0,0,,4,6,8,8"),
        row(51, "r1", "1,,4,4,6,8,4"),
        row(51, "r2", "1,,4,4,10,8,4"),
        row(56, "l1", "0,1,,1,8,8,0"),
        row(56, "r3", "0,1,,1,10,8,1"),
        row(56, "l3", "1,,0,1,10,10,0"),
        row(56, "r2", "1,,0,1,10,8,0"),
        row(57, "l1", "1,,,3,4,8,8"),
        row(57, "l2", "0,5,,5,1,1,10"),
        row(57, "r1", "1,2,3,3,6,8,6"),
    )
    source = "patient_id,image_id,image_path,Source"
    write_csv(part / "regular-fundus-source-training.csv", source, "51,51_l1,x,Nicheng")
    template = folder / "regular_fundus_images" / "Online-Challenge1&2-Evaluation"
    write_csv(template / "Challenge1_upload.csv", "image_id,DR_Level", "347_l1,")
    wide = folder / "ultra-widefield_images" / "ultra-widefield-training"
    touch(wide / "Images", "51/51_l1.jpg")
    write_csv(wide / "ultra-widefield-training.csv", DEEPDRID_ULTRA_WIDE, "51,51_l1,x,2,left_eye")
