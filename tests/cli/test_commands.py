"""The other commands: evaluate, train, demo, selftest, and what a person sees without a screen."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from drscreen.domain.quality import QualityReason
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of drawings, one of them out of focus, one row without its photograph."""
    folder = tmp_path_factory.mktemp("data")
    rows = [{"image": "gone.jpg", "level": 1}]
    for seed in range(8):
        grade = Grade(seed % 5)
        defect = QualityReason.OUT_OF_FOCUS if seed == 7 else None
        drawing = draw_phantom(grade, seed=seed, eye=Laterality.OS, size=500, defect=defect)
        picture = Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels)
        picture.save(folder / f"{seed}_left.jpg", quality=92)
        rows.append({"image": f"{seed}_left", "level": int(grade)})
    with (folder / "labels.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ["image", "level"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_evaluate_gives_figures_with_intervals(drscreen: Run, bundle: Path, data: Path) -> None:
    command = ("evaluate", "--images", data, "--labels", data / "labels.csv", "--model", bundle)
    ran = drscreen(*command, "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["photographs"] == 8
    assert found["skipped"] == 1
    assert found["graded"] + round(found["ungradable_rate"]["value"] * 8) == 8
    assert sum(map(sum, found["confusion"])) == found["graded"] < 8
    for figure in ("auc_referable", "sensitivity", "specificity", "calibration_error", "kappa"):
        assert set(found[figure]) == {"value", "low", "high"}
    assert found["auc_referable"]["low"] <= found["auc_referable"]["value"]
    assert "gone.jpg" in ran.stderr
    told = drscreen(*command)
    assert "AUC, referable" in told.stdout
    assert "not a cleared medical device" in told.stdout


def test_evaluate_without_labels_says_so(drscreen: Run, data: Path) -> None:
    ran = drscreen("evaluate", "--images", data, "--labels", data / "none.csv", "--json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "[dataset]" in ran.stderr


def test_evaluate_recognises_folders_and_reads_tar_files(
    drscreen: Run, bundle: Path, data: Path, tmp_path: Path
) -> None:
    turned = tmp_path / "turned" / "turned.jpg"
    turned.parent.mkdir()
    with Image.open(data / "2_left.jpg") as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(turned)
    with tarfile.open(tmp_path / "part.tar", "w") as tar:
        tar.add(turned, "12_left.jpg")
    (tmp_path / "labels.csv").write_text("file,icdr,shard\n12_left.jpg,2,part.tar\n")
    ran = drscreen("evaluate", "--data", data, "--data", tmp_path, "--model", bundle, "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["photographs"] == 9
    assert "layout eyepacs (labels.csv): 8 photographs of 8 patients" in ran.stderr
    assert "layout plain (labels.csv): 1 photographs of 1 patients" in ran.stderr


def test_evaluate_says_what_a_folder_lacks(drscreen: Run, data: Path, tmp_path: Path) -> None:
    ran = drscreen("evaluate", "--data", tmp_path)
    assert ran.returncode == 1
    assert "No grades were found" in ran.stderr
    ran = drscreen("evaluate", "--data", data, "--layout", "aptos")
    assert ran.returncode == 1
    assert "APTOS 2019: id_code, diagnosis" in ran.stderr
    assert drscreen("evaluate").returncode == 2
    assert drscreen("evaluate", "--images", data).returncode == 2


def test_a_directory_in_the_aptos_layout_trains_resumes_evaluates_and_screens(
    drscreen: Run, photograph: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "aptos2019"
    (folder / "train_images").mkdir(parents=True)
    rows = ["id_code,diagnosis", "gone,1"]
    for seed in range(12):
        drawing = draw_phantom(Grade(seed % 5), seed=seed, eye=Laterality.OS, size=500)
        picture = Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels)
        picture.save(folder / "train_images" / f"e{seed:02}.png")
        rows.append(f"e{seed:02},{seed % 5}")
    (folder / "train.csv").write_text("\n".join(rows) + "\n")
    command = [
        *("train", "--data", folder, "--architecture", "resnet18", "--stages", "48:1,64:1"),
        *("--batch", 4, "--simulate", 6, "--equalise"),
        *("--run", tmp_path / "run", "--out", tmp_path / "own"),
    ]
    first = drscreen(*command, "--minutes", 0)
    assert first.returncode == 0, first.stderr
    assert "layout aptos (train.csv): 12 photographs" in first.stderr
    assert "gone" in first.stderr
    assert "training on simulated: 6, 25% of a batch" in first.stderr
    assert "goes on from here" in first.stderr
    assert not (tmp_path / "own").exists()
    second = drscreen(*command)
    assert second.returncode == 0, second.stderr
    assert "6 photographs with simulated lesions" in (tmp_path / "own/MODEL_CARD.md").read_text()
    assert (tmp_path / "run" / "roc.svg").exists()
    held_out = tmp_path / "run" / "held_out-aptos2019.csv"
    evaluated = drscreen(
        *("evaluate", "--images", folder, "--labels", held_out, "--json"),
        *("--model", tmp_path / "own"),
    )
    assert json.loads(evaluated.stdout)["photographs"] == 3
    report = json.loads(evaluated.stdout)
    assert report["model"]["signature"] == "nobody"
    assert any("signed by nobody" in caution for caution in report["cautions"])
    # Nobody has signed what was just trained: whoever uses it says that they answer for it.
    screen = ("screen", photograph, "--model", tmp_path / "own")
    screened = drscreen(*screen, "--json", "--allow-unsigned", "Dr. Ada")
    assert json.loads(screened.stdout)["model"]["name"] == "own"
    told = drscreen(*screen, "--allow-unsigned", "Dr. Ada").stdout
    assert "unsigned network, allowed by Dr. Ada" in " ".join(told.split())
    other = drscreen(*command, "--seed", 9, "--split", tmp_path / "other.json")
    assert other.returncode == 1
    assert "[checkpoint]" in other.stderr


def test_train_says_what_is_wrong_with_its_options(drscreen: Run, data: Path) -> None:
    command = ("train", "--data", data, "--run", data / "run", "--out", data / "own")
    for wrong in (
        ("--stages", "256"),
        ("--stages", "384:1,256:1"),
        ("--shares", "0.5,0.5"),
        ("--shares", "a,b,c"),
    ):
        ran = drscreen(*command, *wrong)
        assert ran.returncode == 2, ran.stderr
        assert wrong[1] in ran.stderr
    greedy = drscreen(*command, "--also", data, "--shares", "0.9,0.9,0", "--simulate", 1)
    assert greedy.returncode == 1
    assert "leave nothing" in greedy.stderr
    taken = drscreen("train", "--data", data, "--run", data / "run", "--out", data)
    assert taken.returncode == 1
    assert "[file_unwritable]" in taken.stderr


def test_demo_grades_the_drawings_and_can_be_run_again(
    drscreen: Run, bundle: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        ran = drscreen("demo", "--model", bundle)
        assert ran.returncode == 0, ran.stderr
        assert "not gradable: out of focus" in ran.stdout
        assert "There is no screen here" in ran.stderr
        assert "drawings, not photographs" in ran.stderr
    assert (tmp_path / "home" / "demonstration").is_dir()


def test_selftest_passes_and_names_what_fails(drscreen: Run, bundle: Path) -> None:
    ran = drscreen("selftest", "--model", bundle)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("ok  ") == 5
    broken = drscreen("selftest", "--model", "nosuch")
    assert broken.returncode == 1
    assert "FAILED  the network is whole and loads" in broken.stderr
    assert "ok      photographs are decoded" in broken.stderr


def test_selftest_repeats_and_counts_what_differs(drscreen: Run, bundle: Path) -> None:
    ran = drscreen("selftest", "--model", bundle, "--repeat", 2)
    assert ran.returncode == 0, ran.stderr
    assert "among neighbours: 0 of" in ran.stderr
    assert "ok      no bit of a result ever differs" in ran.stderr


def test_bench_prints_each_stage_beside_eager_torch(
    drscreen: Run, bundle: Path, photograph: Path
) -> None:
    ran = drscreen("bench", photograph, "--model", bundle, "--repeats", 1, "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    stages = [entry["stage"] for entry in found["stages"]]
    assert "network, plain eager fp32 torch" in stages
    assert found["screen_peak_megabytes"] > 100
    assert found["window_visible_seconds"] > 0


def test_without_a_screen_the_window_says_so(drscreen: Run) -> None:
    ran = drscreen()
    assert ran.returncode == 1
    assert "no screen here" in ran.stderr


def test_version_and_help(drscreen: Run) -> None:
    assert drscreen("--version").stdout.startswith("drscreen ")
    assert "Research use" in drscreen("--help").stdout
