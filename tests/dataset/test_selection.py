from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits_core.contracts.dataset_source import Item
from digits_core.dataset.selection import Listing, select
from digits_core.errors import SourceInvalid
from digits_core.spec.dataset import SPLITS, DatasetSpec


def items(counts, split=None, mark=""):
    return [Item(f"{mark}{name}/{index}", name, split) for name, count in counts.items() for index in range(count)]


def chosen(listings, **fields):
    return select(DatasetSpec(name="d", paths=("p",), **fields), [Listing(listing) for listing in listings])


def counts(selection, split):
    found = Counter(selection.labels[sample.label] for sample in selection.samples[split])
    return [found[name] for name in selection.labels]


def test_shares_are_exact_in_every_class():
    selection = chosen([items({"a": 10, "b": 10, "c": 20})], val=20, test=10)
    assert [counts(selection, split) for split in SPLITS] == [[7, 7, 14], [2, 2, 4], [1, 1, 2]]


def test_a_quarter_validates_and_nothing_tests_unless_asked():
    selection = chosen([items({"a": 8, "b": 12})])
    assert [counts(selection, split) for split in SPLITS] == [[6, 9], [2, 3], [0, 0]]


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    val=st.floats(0, 60),
    test=st.floats(0, 39),
    seed=st.integers(0, 2**63 - 1),
    shuffle=st.booleans(),
)
def test_every_picture_lands_in_exactly_one_split_and_every_class_can_be_trained(sizes, val, test, seed, shuffle):
    listing = items({f"c{number}": size for number, size in enumerate(sizes)})
    limits = {"min_per_class": 1}
    selection = chosen([listing], val=val, test=test, seed=seed, shuffle=shuffle, limits=limits)
    keys = [sample.key for split in SPLITS for sample in selection.samples[split]]
    assert sorted(keys) == sorted(item.key for item in listing)
    assert min(counts(selection, "train")) >= 1
    assert selection == chosen([listing], val=val, test=test, seed=seed, shuffle=shuffle, limits=limits)


def test_a_class_below_the_minimum_is_left_out():
    selection = chosen([items({"a": 10, "b": 5, "c": 6})], limits={"min_per_class": 6})
    assert selection.labels == ("a", "c")


def test_classes_with_a_single_picture_are_left_out_by_default():
    assert chosen([items({"a": 4, "b": 1, "c": 4})]).labels == ("a", "c")


def test_a_class_above_the_maximum_is_cut_before_it_is_split():
    selection = chosen([items({"a": 10, "b": 3})], limits={"max_per_class": 5}, val=20)
    assert [counts(selection, split) for split in SPLITS] == [[4, 2], [1, 1], [0, 0]]


def test_the_seed_decides_what_stays_under_a_maximum():
    def kept(seed):
        selection = chosen([items({"a": 50, "b": 50})], limits={"max_per_class": 5}, val=0, seed=seed)
        return {sample.key for sample in selection.samples["train"]}

    assert kept(1) == kept(1) != kept(2)


def test_without_shuffling_the_order_of_the_source_decides():
    listing = [item for pair in zip(items({"a": 4}), items({"b": 4}), strict=True) for item in pair]
    selection = chosen([listing], shuffle=False, val=25, test=25)
    keys = {split: [sample.key for sample in selection.samples[split]] for split in SPLITS}
    assert keys == {"train": ["a/0", "b/0", "a/1", "b/1"], "val": ["a/2", "b/2"], "test": ["a/3", "b/3"]}


def test_shuffling_mixes_the_classes():
    labels = [sample.label for sample in chosen([items({"a": 50, "b": 50})]).samples["train"]]
    assert labels != sorted(labels)


def test_several_training_sources_are_joined():
    selection = chosen([items({"a": 2, "b": 4}, mark="1:"), items({"a": 2, "c": 4}, mark="2:")], val=0)
    assert selection.labels == ("a", "b", "c") and counts(selection, "train") == [4, 4, 4]
    assert {(sample.source, sample.key[0]) for sample in selection.samples["train"]} == {(0, "1"), (1, "2")}


def test_pictures_with_a_split_of_their_own_keep_it():
    listing = items({"a": 4, "b": 4}, "train") + items({"a": 2, "b": 3}, "val", mark="v:")
    selection = chosen([listing])
    assert [counts(selection, split) for split in SPLITS] == [[4, 4], [2, 3], [0, 0]]
    assert [counts(chosen([listing], test=25), split) for split in SPLITS] == [[3, 3], [2, 3], [1, 1]]


def test_separate_sources_have_limits_of_their_own():
    spec = DatasetSpec(
        name="d",
        paths=("p",),
        val_path="v",
        test_path="t",
        val_limits={"max_per_class": 3},
        test_limits={"min_per_class": 5},
    )
    listings = [
        Listing(items({"a": 9, "b": 9})),
        Listing(items({"a": 5, "b": 2}), split="val"),
        Listing(items({"a": 5, "b": 2}), split="test"),
    ]
    selection = select(spec, listings)
    assert [counts(selection, split) for split in SPLITS] == [[9, 9], [3, 2], [5, 0]]


def test_the_sources_own_order_of_classes_is_kept():
    spec = DatasetSpec(name="d", paths=("p",))
    listing = Listing(items({"10": 3, "9": 3, "2": 1}), classes=["2", "9", "10", "11"])
    assert select(spec, [listing]).labels == ("9", "10")


def test_fewer_than_two_classes_are_refused_with_what_was_left_out():
    with pytest.raises(SourceInvalid, match=r"at least 2 classes, found 1; below the minimum of 4: b \(2\), c \(3\)"):
        chosen([items({"a": 5, "b": 2, "c": 3})], limits={"min_per_class": 4})


def test_validation_classes_that_training_does_not_know_are_refused():
    spec = DatasetSpec(name="d", paths=("p",), val_path="v")
    with pytest.raises(SourceInvalid, match="without training pictures: dog"):
        select(spec, [Listing(items({"a": 4, "b": 4})), Listing(items({"a": 2, "dog": 2}), split="val")])


def test_split_folders_taken_for_classes_are_noticed():
    with pytest.raises(SourceInvalid, match="look like splits"):
        chosen([items({"train": 9, "val": 9})])
