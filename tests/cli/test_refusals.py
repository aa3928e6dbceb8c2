"""Every wrong request: one clear message, exit status 2, nothing half-made."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

LENET = ("--backend", "numpy", "--epochs", "1", "--batch", "8")
NETWORK = """
name: mine
input: {{scale: 0.01}}
layers:
  - {{name: conv1, op: conv, filters: 4, kernel: 3}}
{lines}
  - {{name: logits, op: dense}}
"""


# Paths


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "finished", "~nouser/x.png"),
        ("classify", "~nouser/a.zip", "x.png"),
        ("archive", "show", "~nouser/a.zip"),
        ("train", "colours", "lenet", *LENET, "--from", "~nouser/w.safetensors"),
        ("dataset", "create", "d", "~nouser/pictures"),
        ("model", "import", "m", "~nouser/w.pth"),
        ("network", "import", "~nouser/n.prototxt"),
    ],
)
def test_a_path_in_the_home_of_nobody(refused, trained, words):
    assert "expects a user of this machine after ~, found ~nouser" in refused(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "finished", ""),
        ("dataset", "create", "d", ""),
        ("dataset", "create", "d", "x", "--val-path="),
        ("archive", "finished", "-o", ""),
    ],
)
def test_an_empty_word_is_not_the_current_folder(refused, trained, words):
    assert "found nothing. Leave it out, or check that the shell variable is set" in refused(*words)


def test_texts_may_be_empty(digits, trained):
    assert digits("job", "describe", "finished", "--description", "", "--tag=").status == 0


# Datasets


def test_a_folder_that_is_missing(refused, tmp_path):
    assert "nowhere does not exist" in refused("dataset", "create", "d", tmp_path / "nowhere")


def test_a_folder_without_pictures(refused, tmp_path):
    (tmp_path / "empty" / "a").mkdir(parents=True)
    refused("dataset", "create", "d", tmp_path / "empty")


def test_a_folder_that_is_empty_or_holds_the_pictures_of_one_class(refused, pictures, tmp_path):
    (tmp_path / "bare").mkdir()
    assert "bare is empty" in refused("dataset", "create", "d", tmp_path / "bare")
    message = refused("dataset", "create", "d", pictures / "red")
    assert "no folders of classes" in message and str(pictures) in message


def test_what_has_a_name_already_is_not_only_to_be_deleted(refused, trained):
    assert "such as colours-2; add to it: digits dataset append colours" in refused(
        "dataset", "create", "colours", trained
    )
    message = refused("train", "colours", "lenet", *LENET, "--name", "finished")
    assert "such as finished-2; go on with it: digits job resume finished;" in message


def test_a_text_that_is_no_list_of_pictures(digits, trained, tmp_path):
    (tmp_path / "t.txt").write_text("hello world\n")
    message = digits("classify", "finished", tmp_path / "t.txt").err
    assert "Picture hello cannot be read" in message and "t.txt names it, and is read as a list" in message


def test_one_class_only(refused, pictures):
    for name in ("blue", "green"):
        shutil.rmtree(pictures / name)
    assert "class" in refused("dataset", "create", "d", pictures)


def test_pictures_that_are_all_broken(refused, pictures):
    for path in pictures.glob("*/*.png"):
        path.write_bytes(path.read_bytes()[:40])
    assert "can be read" in refused("dataset", "create", "d", pictures)


def test_val_and_test_that_leave_nothing_to_train_on(refused, pictures):
    message = refused("dataset", "create", "d", pictures, "--val", 60, "--test", 40)
    assert "less than 100 percent, found 60 + 40" in message


@pytest.mark.parametrize("size", ["0", "-3", "0x20", "20x-1", "big", "1x2x3", "28x"])
def test_a_size_that_is_none(refused, pictures, size):
    message = refused("dataset", "create", "d", pictures, f"--size={size}")
    assert any(word in message for word in ("size", "width", "height"))


@pytest.mark.parametrize("name", ["a/b", "..", "../up", ".hidden", "x" * 101, "a b"])
def test_names_that_would_leave_the_home_or_break_a_file_system(refused, pictures, name):
    assert "name expects" in refused("dataset", "create", name, pictures)


def test_a_dataset_name_that_is_taken(refused, trained):
    assert "'colours' exists already" in refused("dataset", "create", "colours", trained)


def test_an_unknown_source_shows_close_matches(refused, pictures):
    assert "Did you mean folder?" in refused("dataset", "create", "d", pictures, "--source", "foldr")


@pytest.mark.parametrize("command", ["show", "delete", "explore"])
def test_a_dataset_that_does_not_exist(refused, trained, command):
    assert "Did you mean colours?" in refused("dataset", command, "colors")


def test_a_dataset_that_jobs_depend_on_is_not_deleted(refused, trained):
    assert "used by jobs: finished" in refused("dataset", "delete", "colours")


def test_all_problems_of_a_dataset_are_told_at_once(refused, tmp_path):
    message = refused("dataset", "create", "a/b", tmp_path / "nowhere", "--channels", 2, "--val", 120)
    assert "name expects" in message and "channels" in message and "val" in message


# Jobs


def train(*flags, dataset="colours", network="lenet"):
    return ("train", dataset, network, *LENET, *flags)


def test_an_unknown_network_shows_close_matches(refused, trained):
    assert "Did you mean lenet or" in refused(*train(network="lent"))


def test_an_unknown_backend_shows_close_matches(refused, trained):
    assert "Did you mean torch?" in refused(*train("--backend", "troch"))


def test_an_unknown_solver_shows_close_matches(refused, trained):
    assert "Did you mean adam or adamw" in refused(*train("--solver", "adm"))


def test_an_unknown_policy_shows_close_matches(refused, trained):
    assert "Did you mean cosine or inv?" in refused(*train("--policy", "cosin"))


def test_a_backend_that_is_not_installed_says_what_to_install(refused, trained, monkeypatch):
    from digits_core.hooks import registry

    real = registry.importlib.util.find_spec
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: None if name == "torch" else real(name))
    message = refused(*train("--backend", "torch"))
    assert "needs torch, which is not installed" in message and "pip install 'digits[torch]'" in message


def test_a_network_too_deep_for_the_pictures(refused, digits, pictures):
    assert digits("dataset", "create", "small", pictures, "--size", 8).status == 0
    assert "conv2 expects height >= 5, found 2 after pool1" in refused(*train(dataset="small"))


def test_a_batch_larger_than_the_dataset(refused, trained):
    assert "at most the 27 training pictures" in refused(*train("--batch", 28))


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_a_rate_that_is_none(refused, trained, rate):
    assert "rate" in refused(*train(f"--lr={rate}"))


def test_a_crop_larger_than_the_pictures(refused, trained):
    assert "crop expects at most 16" in refused(*train("--crop", 17))


def test_augmentation_that_cannot_be(refused, trained):
    message = refused(*train("--augment", "flop=lr,rotate,scale=0.1"))
    assert message.startswith("Error: 2 problems.") and "Did you mean flip?" in message and "rotate=VALUE" in message
    message = refused(*train("--augment", "rotate=999,noise=much", "--batch", 99))
    assert "rotate" in message and "noise" in message and "batch expects" in message
    message = refused(*train("--augment", "cutout=17", "--set", "data.augment.extra=[{name: rain}]", "--batch", 99))
    assert "cutout expects at most 16" in message and "Unknown augmentation 'rain'" in message
    assert "batch expects" in message


def test_augmentation_that_pictures_do_not_allow(refused, pictures, digits):
    options = ("--size", "20x10", "--channels", 1, "--encoding", "raw")
    assert digits("dataset", "create", "wide", pictures, *options).status == 0
    message = refused(*train("--augment", "hsv=0.1:0.1:0.1,hue=0.1,saturation=0.2,turn=90", dataset="wide"))
    for name in ("hsv", "hue", "saturation"):
        assert f"{name} expects colour pictures, found grey ones" in message
    assert "turn 90 expects square pictures, found 20x10" in message and "crop of at most 10" in message


def test_augmentation_without_opencv(refused, trained, monkeypatch):
    from digits_core.dataset.augment import request

    real = request.importlib.util.find_spec
    monkeypatch.setattr(request.importlib.util, "find_spec", lambda name: None if name == "cv2" else real(name))
    assert "pip install 'digits[augment]'" in refused(*train("--augment", "flip=lr"))


def test_augmented_pictures_that_cannot_be_shown(refused, trained):
    explore = ("dataset", "explore", "colours")
    assert "found nothing" in refused(*explore, "--augmented")
    assert "split train, found val" in refused(*explore, "--augment", "flip=lr", "--split", "val")
    assert "--job expects no --augment" in refused(*explore, "--augment", "flip=lr", "--job", "finished")
    assert "Did you mean finished?" in refused(*explore, "--job", "finishd")
    assert "crop expects at most 16" in refused(*explore, "--augment", "cutout=99", "--crop", 17)


def test_a_dataset_that_is_missing(refused, trained):
    assert "Did you mean colours?" in refused(*train(dataset="colour"))


def test_a_job_name_that_is_taken(refused, trained):
    assert "'finished' exists already" in refused(*train("--name", "finished"))


def test_all_problems_of_a_job_are_told_at_once(refused, trained):
    message = refused(
        *train("--batch", 99, "--solver", "sdg", "--crop", 99, "--name", "finished", "--set", "epoch=3", network="lent")
    )
    assert message.startswith("Error: 6 problems.")
    for part in ("batch expects", "Did you mean sgd", "crop expects", "exists already", "epochs?", "lenet?"):
        assert part in message


def test_fields_of_another_solver_or_policy(refused, trained):
    assert "momentum" in refused(*train("--solver", "adam", "--momentum", 0.5))
    assert "gamma" in refused(*train("--policy", "poly", "--set", "schedule.gamma=0.5"))


def test_devices_that_do_not_exist(refused, trained):
    assert "devices expects" in refused(*train("--devices", "2 gpus"))


def test_devices_that_are_not_here(refused, trained):
    assert "computes on cpu, not on gpu" in refused(*train("--devices", "gpu:7"))
    assert "at most" in refused(*train("--devices", "cpu:99"))
    assert "no cpu:98, cpu:99 here" in refused(*train("--devices", "cpu:98-99"))


def test_early_stopping_without_validation(refused, trained):
    assert "early stopping expects validation" in refused(*train("--patience", 2, "--validate-every", 0))


@pytest.mark.parametrize("setting", ["gamma", "=3", "schedule.gamma=[", "a.b.c=1"])
def test_settings_that_are_none(refused, trained, setting):
    refused(*train("--set", setting))


def test_train_without_a_word(refused, trained):
    message = refused("train")
    assert "dataset is missing" in message and "network is missing" in message


@pytest.mark.parametrize("text", ["", "- 1", "dataset: [", "dataset: d\ndataset: e", "dataset: &a d\nnetwork: *a"])
def test_job_files_that_are_none(refused, trained, tmp_path, text):
    (tmp_path / "job.yaml").write_text(text)
    refused("train", "--file", tmp_path / "job.yaml")


def test_an_unknown_key_of_a_job_file_names_the_file(refused, trained, tmp_path):
    (tmp_path / "job.yaml").write_text("dataset: colours\nnetwork: lenet\nepoch: 3\n")
    message = refused("train", "--file", tmp_path / "job.yaml")
    assert "Unknown key 'epoch'" in message and "job.yaml" in message and "epochs?" in message


# Networks


def network_file(tmp_path, lines):
    path = tmp_path / "mine.yaml"
    path.write_text(NETWORK.format(lines=lines))
    return path


@pytest.mark.parametrize("command", ["check", "show", "draw"])
@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ("  - {name: relu1, op: relu, slope: 2}", "Unknown key 'slope'"),
        ("  - {name: a, op: add, inputs: [conv1, b]}\n  - {name: b, op: relu, inputs: a}", "cycle"),
        ("  - {name: conv1, op: relu}", "used twice"),
        ("  - {op: relu}", "expects a name"),
        ("  - {name: a, op: rleu}", "Did you mean relu or relu6"),
        ("  - {name: a, op: relu, inputs: cnv1}", "Did you mean conv1?"),
        ("  - {name: a, op: conv, filters: 2, kernel: 300}", "height >= 300"),
    ],
)
def test_network_files_that_describe_no_network(refused, tmp_path, command, lines, part):
    assert part in refused("network", command, network_file(tmp_path, lines))


def test_all_problems_of_a_network_are_told_at_once(refused, tmp_path):
    lines = "  - {name: a, op: rleu}\n  - {name: b, op: conv, filters: 0, kernel: 3}\n  - {op: relu}"
    assert refused("network", "check", network_file(tmp_path, lines)).startswith("Error: 3 problems.")


def test_training_a_wrong_network_file_makes_no_job(refused, trained, tmp_path):
    assert "Did you mean relu or relu6" in refused(*train(network=network_file(tmp_path, "  - {name: a, op: rleu}")))


# Models and jobs


@pytest.mark.parametrize("command", ["show", "log", "watch", "pause", "resume", "abort", "delete"])
def test_a_job_that_does_not_exist(refused, trained, command):
    assert "Did you mean finished?" in refused("job", command, "finish")


@pytest.mark.parametrize("command", ["resume", "pause", "abort"])
def test_a_job_that_is_done(refused, trained, command):
    assert "is done" in refused("job", command, "finished")


@pytest.mark.parametrize(
    ("model", "part"),
    [
        ("finish", "Did you mean finished?"),
        ("finished@epoch-9", "epoch-3"),
        ("finished@bets", "best"),
        ("../finished", "no job"),
        ("finished@../../x", "no snapshot"),
    ],
)
def test_models_that_do_not_exist(refused, trained, model, part):
    assert part in refused("classify", model, trained / "red" / "00.png")


def test_a_damaged_snapshot_that_is_asked_for_by_name(refused, trained, home):
    weights = home / "jobs" / "finished" / "snapshots" / "000002-epoch" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    message = refused("classify", "finished@epoch-2", trained / "red" / "00.png")
    assert "000002-epoch is damaged" in message and "finished@000003-epoch" in message


def test_a_dataset_that_was_deleted_under_a_job(refused, paused, home):
    shutil.rmtree(home / "datasets" / "colours")
    assert "Job finished: Dataset colours is gone" in refused("job", "resume", "finished")


def test_snapshots_that_are_all_damaged(refused, paused, trained):
    for path in paused.snapshots_folder.glob("*/weights.safetensors"):
        path.write_bytes(b"")
    assert "damaged" in refused("classify", "finished", trained / "red" / "00.png")


# Disks


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_cannot_be_written_while_a_dataset_is_made(refused, pictures, monkeypatch, code):
    def fail(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    assert "DIGITS_HOME" in refused("dataset", "create", "d", pictures, "--size", 16)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_cannot_be_written_while_a_job_is_made(refused, trained, monkeypatch, code):
    def fail(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    assert "DIGITS_HOME" in refused(*train())


def test_a_home_that_is_a_file(refused, pictures, home):
    home.write_text("not a folder")
    assert "DIGITS_HOME" in refused("dataset", "create", "d", pictures, "--size", 16)


@pytest.mark.parametrize("arguments", [("network", "draw", "lenet"), ("dataset", "explore", "colours")])
def test_a_picture_that_cannot_be_written(refused, trained, tmp_path, arguments):
    (tmp_path / "file").write_text("")
    refused(*arguments, "--out", tmp_path / "file" / "picture")


# Flags


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("train", "--nonsense"),
        ("train", "colours", "lenet", "--batch", "many"),
        ("classify",),
        ("job", "show"),
        ("classify", "finished", "a.png", "--top", "0"),
    ],
)
def test_options_and_commands_that_do_not_exist(refused, trained, arguments):
    assert "--help" in refused(*arguments)


# Files that a command is asked for


@pytest.mark.parametrize("place", ["missing/out.png", "folder.png"])
def test_a_picture_that_cannot_be_written_is_refused_with_its_path(refused, trained, tmp_path, place):
    target = tmp_path / place
    (tmp_path / "folder.png").mkdir()
    for command in (("dataset", "explore", "colours"), ("network", "draw", "lenet")):
        message = refused(*command, "-o", target)
        assert f"{target} cannot be written" in message
        assert "--out" in message


def test_files_of_classes_that_the_model_does_not_know_are_not_scored(refused, trained, tmp_path):
    violet = shutil.copytree(trained / "red", tmp_path / "violet")
    message = refused("evaluate", "finished", violet, "--backend", "numpy")
    assert "expects pictures of its classes, blue, green, red; found violet" in message
    message = refused("evaluate", "finished", trained, "--dataset", "colours", "--detach")
    assert "without --dataset" in message and "without --detach" in message


@pytest.mark.parametrize(
    "words",
    [
        ("classify", "nobody", "a.png", "-o", "missing/out.csv"),
        ("evaluate", "nobody", "--confusion", "missing/out.png"),
        ("errors", "nobody", "--sheet", "missing/out.png"),
        ("similar", "nobody", "a.png", "-o", "missing/out.png"),
        ("top", "nobody", "-o", "missing/out.png"),
        ("inspect", "nobody", "a.png", "-o", "missing/out.html"),
        ("parity", "nobody", "-o", "missing/out.json"),
        ("archive", "nobody", "-o", "missing/out.zip"),
    ],
)
def test_where_a_result_is_to_go_is_looked_at_before_any_work(refused, words):
    assert f"{words[-1]} cannot be written: No such file or directory" in refused(*words)


def test_wrong_usage_has_the_same_json_as_every_refusal(digits):
    answer = digits("train", "--batch", "many", "--json")
    assert answer.status == 2
    assert answer.data["error"]["problems"][0]["message"] in answer.data["error"]["message"]


def test_what_stands_against_a_deletion_is_named_with_commands_that_exist(refused, digits, trained, home):
    other = Path(shutil.copytree(home / "jobs" / "finished", home / "jobs" / "other"))
    text = (other / "job.json").read_text()
    (other / "job.json").write_text(text.replace('"finished"', '"other"'))
    message = refused("dataset", "delete", "colours")
    for name in re.findall(r"digits job delete (\w+)", message):
        assert digits("job", "delete", name).status == 0
    assert digits("dataset", "delete", "colours").status == 0


def test_where_no_picture_can_be_classified_nothing_is_printed(digits, trained, tmp_path):
    answer = digits("classify", "finished", tmp_path / "missing.png")
    assert (answer.status, answer.out) == (2, "")


@pytest.mark.parametrize("command", ["pause", "abort"])
def test_what_a_finished_job_cannot_do_is_refused_with_advice(refused, trained, command):
    assert "digits job" in refused("job", command, "finished")


@pytest.mark.parametrize("word", ["many", "Auto", "1.5"])
def test_a_batch_that_is_neither_a_number_nor_auto(refused, trained, word):
    assert "neither a whole number nor auto" in refused("train", "colours", "lenet", f"--batch={word}")


@pytest.mark.parametrize("number", [0, -8])
def test_a_batch_below_one(refused, trained, number):
    assert "greater than or equal to 1" in refused("train", "colours", "lenet", f"--batch={number}")


def test_an_automatic_batch_that_cannot_be_found_makes_no_job(refused, trained, monkeypatch):
    monkeypatch.setattr("digits_core.service.batch.SHARE", 1e-9)
    assert "--batch auto found none" in refused(*train("--batch", "auto"))


def test_a_rate_is_found_or_given_or_scaled(refused, trained):
    message = refused("train", "colours", "lenet", *LENET, "--find-rate", "--scale-rate", "--lr", "0.1")
    assert "--find-rate alone, found --lr and --scale-rate beside it" in message


def test_targets_that_contradict_each_other(refused, trained):
    message = refused(
        "train", "colours", "lenet", *LENET, "--class-weights", "balanced", "--sampling", "balanced", "--mixup", "0"
    )
    assert "one balanced at most" in message or "greater than 0" in message


def test_a_word_that_is_no_command_and_a_group_without_one(digits):
    assert "Did you mean 'train', 'trash'? See: digits --help" in digits("trian").err
    bare = digits("archive")
    assert bare.status == 2 and bare.err.startswith("Usage: digits archive") and "See:" not in bare.err
