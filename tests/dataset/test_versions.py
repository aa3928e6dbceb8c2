import csv
import os
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from digits_core.dataset import versions
from digits_core.dataset.manifest import read_manifest, version_names
from digits_core.dataset.opened import open_dataset
from digits_core.dataset.progress import Silence
from digits_core.dataset.versions import changing, edit_of, history, make_version
from digits_core.errors import DatasetUnusable, NameTaken, NameUnknown, SpecInvalid, StateConflict
from digits_core.hooks.registry import discover
from digits_core.spec.change import Append, Exclude, Merge, PictureReference, Relabel, Select
from digits_core.spec.dataset import SPLITS

COUNTS = {"cat": 6, "dog": 6}
PLAIN = {"shuffle": False, "val": 0}


@pytest.fixture
def change(tmp_path):
    """Change dataset `d`: ``change(Exclude(…))``; opens what was made."""

    def changed(request, name="d", version=None, to=None):
        folder = tmp_path / "datasets" / name
        edit = edit_of(request, discover().dataset_sources, lambda other: open_dataset(tmp_path / "datasets" / other))
        target = None if to is None else tmp_path / "datasets" / to
        made = make_version(folder, version, request.action, edit, Silence(), target)
        return open_dataset(target or folder, made.version)

    return changed


def named(*keys, **fields):
    return tuple(PictureReference(key=key, **fields) for key in keys)


def seen(dataset, split="train"):
    """Key, class and pixels of every picture of a split, in order."""
    reader = dataset.split(split)
    names = [dataset.manifest.labels[label] for label in reader.labels.tolist()]
    pixels = reader.read(np.arange(len(reader)))
    return [(reader.key(at), names[at], pixels[at].tobytes()) for at in range(len(reader))]


def mean_of(dataset):
    reader = dataset.split("train")
    return reader.read(np.arange(len(reader))).mean(axis=0, dtype=np.float64).astype(np.float32)


@pytest.mark.parametrize("encoding", ["raw", "png"])
def test_a_version_without_pictures_equals_a_dataset_made_without_them(create, change, draw_classes, encoding):
    source = draw_classes(COUNTS)
    create(source, encoding=encoding, **PLAIN)
    made = change(Exclude(pictures=named("cat/000.png", "dog/005.png")))
    (source / "cat" / "000.png").unlink()
    (source / "dog" / "005.png").unlink()
    fresh = create(source, name="fresh", encoding=encoding, **PLAIN)
    assert seen(made) == seen(fresh)
    assert made.manifest.digest == fresh.manifest.digest
    assert made.manifest.classes == fresh.manifest.classes
    np.testing.assert_array_equal(made.mean, fresh.mean)


def test_a_relabelled_version_equals_a_dataset_of_these_labels(create, change, draw_classes, tmp_path):
    source = draw_classes(COUNTS)
    create(source, **PLAIN)
    made = change(Relabel(pictures=(*named("cat/001.png", to="dog"), *named("dog/00[23].png", to="owl"))))
    assert made.manifest.labels == ("cat", "dog", "owl")
    rows = [(key, label) for key, label, _ in seen(made)]
    (source / "list.csv").write_text("path,label\n" + "".join(f"{key},{label}\n" for key, label in rows))
    fresh = create(source / "list.csv", name="fresh", **PLAIN)
    assert made.manifest.digest == fresh.manifest.digest
    np.testing.assert_array_equal(made.mean, fresh.mean)
    with open(made.folder / "v0002" / "changed.csv", newline="") as stream:
        assert ["train", "cat/001.png", "cat", "dog"] in list(csv.reader(stream))


def test_old_versions_stay_as_they_are_and_no_picture_is_written_twice(create, change, draw_classes):
    before = create(draw_classes(COUNTS), test=20)
    rows = {split: seen(before, split) for split in SPLITS}
    change(Exclude(pictures=named("cat/*"), splits=("val",)))
    change(Relabel(pictures=named("dog/000.png", to="owl")))
    folder = before.folder
    assert version_names(folder) == ("v0001", "v0002", "v0003")
    assert {path.name for path in folder.glob("v000[23]/*.arrow")} <= {f"{split}-rows.arrow" for split in SPLITS}
    old = open_dataset(folder, "v0001")
    assert old.manifest == before.manifest
    assert {split: seen(old, split) for split in SPLITS} == rows
    assert open_dataset(folder).manifest.version == "v0003"


def test_history_tells_what_was_done_to_what(create, change, draw_classes):
    create(draw_classes(COUNTS), **PLAIN)
    change(Exclude(pictures=named("cat/000.png")))
    change(Exclude(pictures=named("cat/001.png")), version="v0001")
    told = [(item.version, item.change and (item.change.parent, item.change.summary)) for item in history_of(change)]
    assert told == [
        ("v0001", None),
        ("v0002", ("d@v0001", "1 picture left out")),
        ("v0003", ("d@v0001", "1 picture left out")),
    ]


def test_an_old_version_can_be_made_the_newest_again(create, change, draw_classes):
    before = create(draw_classes(COUNTS), **PLAIN)
    change(Exclude(pictures=named("cat/000.png")))
    made = change(Select(), version="v0001")
    assert (made.manifest.version, made.manifest.digest) == ("v0003", before.manifest.digest)
    assert seen(made) == seen(before)
    with pytest.raises(SpecInvalid, match="d@v0003 would change"):
        change(Select(), version="v0001")


def test_a_key_may_come_after_its_split_as_it_is_printed(create, change, draw_classes):
    before = create(draw_classes(COUNTS), val=50)
    key, *_ = seen(before, "val")[0]
    assert key not in {key for key, *_ in seen(change(Exclude(pictures=named(f"val/{key}"))), "val")}
    made = change(Relabel(pictures=named(f"val/{key.split('/')[0]}/*", to="owl")), version="v0001")
    assert [seen(made, split) == seen(before, split) for split in ("train", "val")] == [True, False]
    few = change(Select(keys=(f"val/{key}", "train/*")), version="v0001")
    assert few.manifest.splits == {"train": before.manifest.splits["train"], "val": 1, "test": 0}
    with pytest.raises(SpecInvalid, match=f"no picture train/{key}"):
        change(Exclude(pictures=named(f"train/{key}")))


def history_of(change):
    return history(change(Select(max_per_class=2), to="other").folder.parent / "d")


def test_appended_pictures_come_after_the_old_ones_and_new_classes_after_the_old_names(create, change, draw_classes):
    before = create(draw_classes(COUNTS), val=50)
    more = draw_classes({"zebra": 4, "cat": 2, "ant": 4}, folder="more")
    made = change(Append(paths=(more,), split="train"))
    assert made.manifest.labels == ("cat", "dog", "ant", "zebra")
    assert seen(made)[: len(seen(before))] == seen(before)
    assert made.manifest.splits == {"train": before.manifest.splits["train"] + 10, "val": 6, "test": 0}
    np.testing.assert_array_equal(made.mean, mean_of(made))
    assert made.manifest.rows == {}  # They are the old shard and a new one.


def test_appended_pictures_can_be_divided_and_those_that_cannot_be_read_are_reported(create, change, draw_classes):
    create(draw_classes(COUNTS), **PLAIN)
    more = draw_classes({"owl": 8}, folder="more")
    (more / "owl" / "broken.png").write_bytes(b"broken")
    made = change(Append(paths=(more,), val=25, test=25))
    assert made.manifest.skipped == 1
    assert sum(made.manifest.splits.values()) == 12 + 8
    assert made.manifest.splits["val"] and made.manifest.splits["test"]


def test_appended_pictures_are_divided_as_the_dataset_was_made(create, change, draw_classes):
    create(draw_classes(COUNTS), val=50)
    more = draw_classes({"owl": 8}, folder="more")
    assert change(Append(paths=(more,))).manifest.splits == {"train": 10, "val": 10, "test": 0}
    assert change(Append(paths=(more,), val=25), version="v0001").manifest.splits == {"train": 12, "val": 8, "test": 0}


def test_what_is_there_already_is_not_added_again_in_whichever_split_it_is(create, change, draw_classes):
    source = draw_classes(COUNTS)
    before = create(source, val=50, encoding="png")
    with pytest.raises(SpecInvalid, match="12 pictures are in dataset d@v0001 already"):
        change(Append(paths=(source,)))
    shutil.copy(source / "cat" / "000.png", source / "cat" / "new.png")
    shutil.copy(source / "cat" / "000.png", source / "dog" / "000.png")  # Another picture by an old name.
    made = change(Append(paths=(source,), split="train"))
    assert made.manifest.change.summary == "2 train pictures added; 11 pictures are here already"
    assert {key for key, *_ in seen(made)[len(seen(before)) :]} == {"cat/new.png", "dog/000.png"}


def test_merging_matches_classes_by_name_and_keeps_splits(create, change, draw_classes):
    ours = create(draw_classes(COUNTS), val=50)
    theirs = create(draw_classes({"ant": 4, "dog": 4}, folder="theirs"), name="theirs", val=50)
    made = change(Merge(dataset="theirs"))
    assert made.manifest.labels == ("cat", "dog", "ant")
    for split in ("train", "val"):
        assert seen(made, split) == seen(ours, split) + seen(theirs, split)
    np.testing.assert_array_equal(made.mean, mean_of(made))
    shutil.rmtree(theirs.folder)  # The pictures are linked, so they stay.
    assert len(open_dataset(made.folder).split("train").read(np.arange(10))) == 10


def test_datasets_of_another_form_are_not_merged_and_every_difference_is_told(create, change, draw_classes):
    source = draw_classes(COUNTS)
    create(source)
    create(source, name="other", encoding="png", resize="fill")
    with pytest.raises(SpecInvalid, match=r"(?s)encoding raw.*resize squash"):
        change(Merge(dataset="other"))


def test_selecting_keeps_classes_that_have_pictures_and_draws_by_the_seed(create, change, draw_classes):
    create(draw_classes({"cat": 9, "dog": 9, "owl": 9}), val=0)
    request = Select(classes=("owl", "cat"), max_per_class=4)
    made, again = change(request, to="small"), change(request, to="again")
    assert made.manifest.labels == ("cat", "owl")
    assert [count.train for count in made.manifest.classes] == [4, 4]
    assert seen(made) == seen(again)
    assert made.manifest.digest == again.manifest.digest
    assert (made.manifest.name, made.manifest.version) == ("small", "v0001")
    assert len(seen(change(Select(count=5), to="five"))) == 5
    assert {key for key, _, _ in seen(change(Select(keys=("*/001.png", "cat/*")), to="query"))} >= {"owl/001.png"}


def test_classes_are_renamed_in_place_and_joined_where_the_name_is_taken(create, change, draw_classes):
    create(draw_classes({"cat": 3, "dog": 3, "owl": 3}), **PLAIN)
    assert change(Relabel(classes={"cat": "kitten"})).manifest.labels == ("kitten", "dog", "owl")
    joined = change(Relabel(classes={"kitten": "dog"})).manifest
    assert [(count.name, count.train) for count in joined.classes] == [("kitten", 0), ("dog", 6), ("owl", 3)]
    swapped = change(Relabel(classes={"dog": "owl", "owl": "dog"})).manifest
    assert [(count.name, count.train) for count in swapped.classes] == [("kitten", 0), ("owl", 6), ("dog", 3)]


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (Exclude(pictures=named("cat/000.png", "nope.png", "no*")), SpecInvalid, r"no picture nope\.png, no\*"),
        (Exclude(pictures=named("cat/000.png", split="val")), SpecInvalid, r"no picture val/cat/000\.png"),
        (Exclude(classes=("cow",)), NameUnknown, "Unknown class 'cow'"),
        (Exclude(classes=("cat",)), SpecInvalid, "at least 2 classes, found 1"),
        (Relabel(pictures=named("cat/000.png", to="cat")), SpecInvalid, "would change"),
        (Relabel(pictures=named("cat/000.png")), SpecInvalid, "a class for every picture"),
        (Relabel(), SpecInvalid, "a class for every picture"),
        (Relabel(pictures=(*named("cat/*", to="dog"), *named("cat/000.png", to="owl"))), SpecInvalid, "to be .* and "),
        (Select(splits=("val",)), SpecInvalid, "at least 2 classes, found 0"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(create, change, draw_classes, request_, error, words):
    folder = create(draw_classes(COUNTS), **PLAIN).folder
    for target in (None, "new") if "would" not in words else (None,):
        with pytest.raises(error, match=words):
            change(request_, to=target)
    assert sorted(os.listdir(folder)) == [".lock", "dataset.json", "v0001"]
    assert not (folder.parent / "new").exists()


def test_a_name_that_is_taken_is_refused(create, change, draw_classes):
    create(draw_classes(COUNTS), **PLAIN)
    with pytest.raises(NameTaken):
        change(Select(count=4), to="d")


def test_a_crash_leaves_the_old_version_and_the_next_attempt_cleans_up(create, change, draw_classes, monkeypatch):
    folder = create(draw_classes(COUNTS), **PLAIN).folder
    with monkeypatch.context() as patch:
        patch.setattr(versions, "write_manifest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            change(Exclude(pictures=named("cat/000.png")))
    (folder / ".unfinished-v0002-999999999-abc").mkdir()  # As a killed process leaves it.
    assert read_manifest(folder).version == "v0001"
    assert change(Exclude(pictures=named("cat/000.png"))).manifest.version == "v0002"
    assert not list(folder.glob(".unfinished-*"))


def test_of_two_at_once_one_waits_and_nothing_is_lost(create, change, draw_classes):
    folder = create(draw_classes(COUNTS), **PLAIN).folder
    keys = [f"cat/00{number}.png" for number in range(4)]
    threads = [threading.Thread(target=change, args=(Exclude(pictures=named(key)),)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert version_names(folder)[-1] == "v0005"
    assert not {key for key, _, _ in seen(open_dataset(folder))} & set(keys)


def test_who_does_not_let_go_is_told_of(create, draw_classes):
    folder = create(draw_classes(COUNTS), **PLAIN).folder
    with changing(folder), pytest.raises(StateConflict, match="being changed"), changing(folder, 0.0):
        pass


def test_damage_in_an_old_versions_shard_is_named_by_every_version_that_shares_it(create, change, draw_classes):
    folder = create(draw_classes(COUNTS), **PLAIN).folder
    change(Exclude(pictures=named("cat/000.png")))
    rows = folder / "v0002" / "train-rows.arrow"
    rows.write_bytes(bytes(rows.stat().st_size))
    with pytest.raises(DatasetUnusable, match=r"train-rows\.arrow"):
        open_dataset(folder).split("train")
    os.truncate(folder / "v0001" / "train-00000.arrow", 100)
    with pytest.raises(DatasetUnusable, match=r"train-00000\.arrow expects"):
        open_dataset(folder)


def test_shards_that_do_not_say_hashes_give_the_same_digest(create, change, draw_classes, monkeypatch):
    """As those of early versions of DIGITS."""
    from digits_core.dataset.shards import Shard

    create(draw_classes(COUNTS), **PLAIN)
    request = Exclude(pictures=named("cat/000.png"))
    told = change(request, to="told").manifest.digest
    plain = Shard.picture_hashes
    monkeypatch.setattr(Shard, "picture_hashes", lambda shard: plain(without_hashes(shard)))
    assert change(request, to="untold").manifest.digest == told


def without_hashes(shard):
    from dataclasses import replace

    return replace(shard, hashes=None)


def test_of_pictures_with_one_key_the_hash_tells_which(create, change, draw_classes, tmp_path):
    create(draw_classes(COUNTS), **PLAIN)
    more = tmp_path / "more" / "cat"
    more.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(more / "000.png")
    appended = change(Append(paths=(tmp_path / "more",), split="train"))
    hash = appended.split("train").hashes()[-1].tobytes().hex()
    assert len(seen(change(Exclude(pictures=named("cat/000.png", hash=hash))))) == 12
    assert len(seen(change(Exclude(pictures=named("cat/000.png")), version="v0002"))) == 11
