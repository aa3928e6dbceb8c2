import pytest

from digits_core.contracts.dataset_source import Item, SourceOptions
from digits_core.errors import SourceInvalid
from digits_images.lists import MAX_PROBLEMS, ListSource


@pytest.fixture
def listed(tmp_path):
    """Read a list with ``content``: ``listed("a.png cat", labels="cat\\ndog", name="list.csv")``."""

    def read(content, *, labels=None, name="train.txt", prefix=None):
        (tmp_path / name).write_text(content, encoding="utf-8")
        if labels is not None:
            (tmp_path / "labels.txt").write_text(labels)
        options = SourceOptions(labels=tmp_path / "labels.txt" if labels is not None else None, prefix=prefix)
        return ListSource(tmp_path / name, options)

    return read


def pairs(source):
    return [(item.key, item.label) for item in source.itemize()]


def problems(source):
    with pytest.raises(SourceInvalid) as refused:
        source.itemize()
    return [(problem.where.rpartition(", ")[2], problem.message) for problem in refused.value.problems]


def test_the_label_is_the_last_word_and_paths_may_hold_spaces(listed):
    source = listed("a.png cat\nmy pictures/b c.png   dog\n\n  \nd.png\tred fox\n")
    assert pairs(source) == [("a.png", "cat"), ("my pictures/b c.png", "dog"), ("d.png", "red fox")]
    assert source.class_names() is None


@pytest.mark.parametrize(
    "content",
    [
        "path,label\na b.png,cat\nc.png,red fox\n",
        "a b.png,cat\nc.png,red fox\n",
        'Label,Path\ncat,a b.png\n"red fox",c.png\n',
        "\ufeffid,filename,class\r\n7,a b.png,cat\r\n8,c.png,red fox\r\n",
    ],
)
def test_csv_is_read_with_and_without_a_header(listed, content):
    assert pairs(listed(content, name="list.csv")) == [("a b.png", "cat"), ("c.png", "red fox")]


def test_integers_are_names_in_numeric_order(listed):
    source = listed("a.png 10\nb.png 9\nc.png 2\n")
    assert pairs(source) == [("a.png", "10"), ("b.png", "9"), ("c.png", "2")]
    assert source.class_names() == ["2", "9", "10"]


def test_line_i_of_the_labels_file_names_label_i(listed):
    source = listed("a.png 1\nb.png 0\nc.png dog\n", labels="red fox\ndog\nowl\n\n")
    assert pairs(source) == [("a.png", "dog"), ("b.png", "red fox"), ("c.png", "dog")]
    assert source.class_names() == ["red fox", "dog", "owl"]


def test_every_bad_line_is_named_at_once(listed):
    source = listed("a.png 0\nalone.png\nb.png 2\nc.png bird\na.png 1\nd.png -1\n", labels="cat\ndog\n")
    assert problems(source) == [
        ("line 2", "A line expects a path and a label, found 'alone.png'."),
        ("line 3", "Label 2 expects 0 to 1, as many as the labels file has lines."),
        ("line 4", "Label 'bird' is not in the labels file."),
        ("line 5", "'a.png' is listed already, in line 1."),
        ("line 6", "Label -1 expects 0 to 1, as many as the labels file has lines."),
    ]


def test_bad_lines_of_csv_have_the_line_number_of_the_file(listed):
    source = listed("path,label\na.png,cat\n\n,dog\nb.png\nc.png,\n", name="list.csv")
    assert [where for where, _ in problems(source)] == ["line 4", "line 5", "line 6"]


def test_a_list_that_is_wrong_from_end_to_end_is_not_printed_from_end_to_end(listed):
    found = problems(listed("alone\n" * 1000))
    assert len(found) == MAX_PROBLEMS + 1 and found[-1][1] == "950 more lines are wrong."


def test_bad_lines_of_the_labels_file_are_named(listed):
    assert problems(listed("a.png 0\n", labels="cat\n\ncat\ndog\n")) == [
        ("line 2", "The name of a label is empty."),
        ("line 3", "Label 'cat' has the name of line 1."),
    ]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_list_is_refused(listed, content):
    with pytest.raises(SourceInvalid, match="lists no pictures"):
        listed(content).itemize()


def test_a_list_that_is_not_text_is_refused(listed, tmp_path):
    source = listed("")
    (tmp_path / "train.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(SourceInvalid, match="not UTF-8"):
        source.itemize()


def test_relative_paths_start_from_the_lists_folder_or_the_prefix_and_absolute_ones_stay(listed, tmp_path):
    (tmp_path / "a.png").write_bytes(b"beside")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/a.png").write_bytes(b"there")
    assert listed("a.png 0").read("a.png") == b"beside"
    assert listed("a.png 0", prefix=tmp_path / "there").read("a.png") == b"there"
    assert listed("a.png 0", prefix=tmp_path / "there").read(str(tmp_path / "a.png")) == b"beside"


def test_files_with_the_ending_of_a_list_are_recognised(listed, tmp_path):
    listed("a.png 0")
    assert ListSource.recognises(tmp_path / "train.txt")
    assert not ListSource.recognises(tmp_path)
    assert not ListSource.recognises(tmp_path / "gone.txt")


def test_items_leave_the_split_to_the_request(listed):
    assert listed("a.png cat").itemize() == [Item("a.png", "cat", None)]
