from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from drscreen.bootstrap import Workstation
from drscreen.domain.errors import SignInFailed
from tests.cli.conftest import Run

PASSWORD = "correct horse battery"
KEYS = {
    "path",
    "sha256",
    "width",
    "height",
    "quality",
    "grade",
    "probabilities",
    "referable",
    "referable_probability",
    "vision_threatening_probability",
    "decision",
    "model",
    "seconds",
    "error",
}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_photograph_gives_one_object_with_the_promised_keys(
    drscreen: Run, bundle: Path, photograph: Path
) -> None:
    ran = drscreen("screen", photograph, "--model", bundle, "--json")
    assert ran.returncode == 0, ran.stderr
    (result,) = lines(ran.stdout)
    assert set(result) == KEYS
    assert result["path"] == str(photograph)
    assert result["sha256"] == hashlib.sha256(photograph.read_bytes()).hexdigest()
    assert result["quality"]["gradable"] is True
    assert result["grade"] in range(5)
    assert sum(result["probabilities"]) == pytest.approx(1)
    assert result["referable_probability"] == pytest.approx(sum(result["probabilities"][2:]))
    assert result["vision_threatening_probability"] == pytest.approx(
        sum(result["probabilities"][3:])
    )
    assert set(result["model"]) == {"name", "version", "sha256", "signature", "allowed_by"}
    assert result["model"]["signature"] == "development"
    assert set(result["seconds"]) == {"decode", "quality", "predict", "total"}
    assert result["error"] is None


def test_bad_files_among_good_ones_get_their_errors_and_the_others_their_results(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    shutil.copy(photograph, folder / "good.jpg")
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not a photograph " * 40)
    (folder / "truncated.jpg").write_bytes(photograph.read_bytes()[:20_000])
    Image.new("RGB", (1, 1)).save(folder / "speck.png")
    Image.linear_gradient("L").resize((640, 480)).save(folder / "holiday.png")
    ran = drscreen("screen", folder, tmp_path / "gone.jpg", "--model", bundle, "--json")
    assert ran.returncode == 1
    found = {Path(entry["path"]).name: entry for entry in lines(ran.stdout)}
    codes = {name: entry["error"]["code"] for name, entry in found.items() if entry["error"]}
    assert codes == {
        "empty.jpg": "photograph_empty",
        "text.jpg": "photograph_format_unsupported",
        "truncated.jpg": "photograph_damaged",
        "speck.png": "photograph_too_small",
        "gone.jpg": "photograph_not_found",
    }
    assert all(set(entry) == KEYS for entry in found.values())
    assert found["good.jpg"]["grade"] is not None
    ungradable = found["holiday.png"]
    assert ungradable["decision"] == "repeat_photograph"
    assert ungradable["grade"] is None
    assert ungradable["probabilities"] is None
    assert ungradable["quality"]["reasons"]


def test_repeats_give_the_same_figures(drscreen: Run, bundle: Path, photograph: Path) -> None:
    ran = drscreen("screen", photograph, photograph, "--model", bundle, "--json")
    again = drscreen("screen", photograph, "--model", bundle, "--json")
    one, two = lines(ran.stdout)
    (three,) = lines(again.stdout)
    assert one["probabilities"] == two["probabilities"] == three["probabilities"]


def test_a_person_reads_a_table_with_the_notice(
    drscreen: Run, bundle: Path, photograph: Path
) -> None:
    ran = drscreen("screen", photograph, "--model", bundle)
    assert ran.returncode == 0
    assert "drawing.jpg" in ran.stdout
    assert "not a cleared medical device" in ran.stdout


def test_a_missing_network_is_told_for_every_photograph(drscreen: Run, photograph: Path) -> None:
    ran = drscreen("screen", photograph, "--model", "nosuch", "--json")
    assert ran.returncode == 1
    (entry,) = lines(ran.stdout)
    assert entry["error"]["code"] == "bundle_missing"
    assert "nosuch" in ran.stderr


def test_a_damaged_network_grades_nothing(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(bundle, tmp_path / "broken"))
    shard = next(broken.glob("*.safetensors"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(bytes(data))
    ran = drscreen("screen", photograph, "--model", broken, "--json")
    assert ran.returncode == 1
    assert lines(ran.stdout)[0]["error"]["code"] == "bundle_damaged"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x.jpg", "--device", "abacus"],
        ["x.jpg", "--save"],
        ["x.jpg", "--mrn", "7"],
        ["x.jpg", "--nonsense"],
        ["x.jpg", "--save", "--user", "a", "--mrn", "1", "--eye", "LEFT"],
    ],
)
def test_wrong_usage_is_two(drscreen: Run, arguments: list[str]) -> None:
    ran = drscreen("screen", *arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""


def test_a_result_is_saved_and_found_again(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    password = "correct horse battery"
    secret = tmp_path / "password"
    secret.write_text(password + "\n")
    assert drscreen("init", "--user", "ana", "--password-file", "-", stdin=password).returncode == 0
    who = ("--save", "--user", "ana", "--mrn", "C-17", "--eye", "OD")
    ran = drscreen(
        "screen", photograph, "--model", bundle, "--json", *who, "--password-file", secret
    )
    assert ran.returncode == 0, ran.stderr
    (result,) = lines(ran.stdout)
    workstation = Workstation(tmp_path / "home")
    with closing(workstation.accounts.sign_in("ana", password)) as store:
        records = workstation.records(store)
        (exam,) = records.open_file("C-17").exams
        (kept,) = exam.photographs
        assert kept.sha256 == result["sha256"]
        assert kept.grading is not None
        assert list(kept.grading.probabilities) == result["probabilities"]
        assert records.photograph(kept.id) == photograph.read_bytes()
    with pytest.raises(SignInFailed):
        workstation.accounts.sign_in("ana", "wrong")


def test_a_wrong_password_and_a_missing_store_record_nothing(
    drscreen: Run, bundle: Path, photograph: Path
) -> None:
    who = ("--save", "--user", "ana", "--mrn", "1", "--eye", "OS", "--password-file", "-")
    command = ("screen", photograph, "--model", bundle, "--json", *who)
    ran = drscreen(*command, stdin="anything at all")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "[store_missing]" in ran.stderr
    drscreen("init", "--user", "ana", "--password-file", "-", stdin="correct horse battery")
    ran = drscreen(*command, stdin="incorrect horse")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "[sign_in_failed]" in ran.stderr
    assert "incorrect horse" not in ran.stderr


def test_init_refuses_a_second_store_and_a_weak_password(drscreen: Run) -> None:
    weak = drscreen("init", "--user", "ana", "--password-file", "-", stdin="short")
    assert weak.returncode == 1
    assert "[password_too_weak]" in weak.stderr
    command = ("init", "--user", "ana", "--password-file", "-")
    assert drscreen(*command, stdin="correct horse battery").returncode == 0
    again = drscreen(*command, stdin="correct horse battery")
    assert again.returncode == 1
    assert "[store_exists]" in again.stderr


def test_overlays_are_written_for_what_was_graded(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(photograph.read_bytes()[:5000])
    command = ("screen", photograph, damaged, "--model", bundle, "--json")
    ran = drscreen(*command, "--overlay", tmp_path / "overlays")
    assert ran.returncode == 1
    (picture,) = (tmp_path / "overlays").iterdir()
    assert picture.name.startswith("drawing-")
    with Image.open(picture) as opened:
        assert opened.size[0] == 1440
    plain = json.loads(drscreen(*command).stdout.splitlines()[0])
    shown = json.loads(ran.stdout.splitlines()[0])
    assert plain["probabilities"] == shown["probabilities"]
    refused = drscreen(*command, "--overlay", damaged)
    assert refused.returncode == 1
    assert "[file_unwritable]" in refused.stderr


def test_a_folder_is_its_photographs_and_those_below(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "camp"
    (folder / "day 1").mkdir(parents=True)
    (folder / "__MACOSX").mkdir()
    shutil.copy(photograph, folder / "day 1" / "a.JPG")
    for litter in ("._a.jpg", ".hidden.jpg", "Thumbs.db", "__MACOSX/a.jpg"):
        shutil.copy(photograph, folder / litter)
    ran = drscreen("screen", folder, "--model", bundle, "--json")
    assert ran.returncode == 0, ran.stderr
    assert [Path(line["path"]).name for line in lines(ran.stdout)] == ["a.JPG"]


def test_nothing_to_screen_is_a_sentence_and_no_success(
    drscreen: Run, bundle: Path, photograph: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for options in ((), ("--json",)):
        ran = drscreen("screen", tmp_path / "empty", *options)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "There are no photographs in" in ran.stderr
    ran = drscreen("screen", tmp_path / "empty", photograph, "--model", bundle, "--json")
    assert ran.returncode == 1
    assert "There are no photographs in" in ran.stderr
    assert lines(ran.stdout)[0]["error"] is None


def test_a_file_that_is_recorded_for_somebody_else_is_refused_until_said_again(
    drscreen: Run, bundle: Path, photograph: Path
) -> None:
    drscreen("init", "--user", "ana", "--password-file", "-", stdin=PASSWORD)

    def saved(mrn: str, *more: str) -> Any:
        who = ("--save", "--user", "ana", "--mrn", mrn, "--eye", "OD", "--password-file", "-")
        return drscreen(
            "screen", photograph, "--model", bundle, "--json", *who, *more, stdin=PASSWORD
        )

    assert saved("A1").returncode == 0
    (twice,) = lines(saved("A1").stdout)
    assert twice["error"]["code"] == "photograph_recorded_already"
    ran = saved("B2")
    (other,) = lines(ran.stdout)
    assert ran.returncode == 1
    assert other["error"]["code"] == "photograph_recorded_elsewhere"
    assert saved("B2", "--again").returncode == 0
