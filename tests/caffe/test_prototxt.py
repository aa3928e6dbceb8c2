"""Protocol buffer text is read as Caffe reads it, with lines, and without minding fields that nobody knows."""

import pytest

from digits_caffe.prototxt import MAX_FILE_BYTES, parse_prototxt, read_prototxt
from digits_core.errors import NetworkInvalid

TEXT = """# a comment
name: 'it\\'s' " two"  # the parts of a text are joined
input_dim: [1, 0x3]; input_dim: 224, input_dim: 224
layer <
  type: "ReLU"
  relu_param { negative_slope: -1.5e-1f engine: CAFFE }
>
layer: { type: "TanH" [a.fork.knows.this] { deep { deeper: 1 } } }
"""


def test_every_form_of_field_is_read():
    net = parse_prototxt(TEXT, "net.prototxt")
    assert net.text("name") == "it's two"
    assert net.integers("input_dim") == (1, 3, 224, 224)
    relu, tanh = net.messages("layer")
    assert relu.message("relu_param").number("negative_slope", 0) == -0.15
    assert relu.message("relu_param").text("engine") == "CAFFE"
    assert (relu.where, relu.line_of("type"), tanh.line) == ("net.prototxt, line 4", 5, 8)


def test_what_is_not_there_has_its_default_and_what_is_there_twice_is_merged():
    net = parse_prototxt("a { x: 1 } a { x: 2 y: true }", "net")
    assert net.message("a").integers("x") == (1, 2)
    assert net.message("a").integer("x", 0) == 2 and net.message("a").flag("y", False)
    assert net.message("b").text("z", "default") == "default"


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("layer {\n name: 'a'\n", 3, "the message that begins in line 1 is not closed"),
        ("\n\nname 'a'", 3, "expected ':' or '{'"),
        ("name: }", 1, "expected a value"),
        ("name: 'a\n'", 1, 'found "\'"'),
        ("<html>", 1, "expected the name of a field"),
        ("a {" * 40, 1, "more than 32 deep"),
        ("a: 1\n\x00", 2, "found '\\x00'"),
    ],
)
def test_what_is_no_prototxt_is_refused_with_its_line(text, line, found):
    with pytest.raises(NetworkInvalid) as refused:
        parse_prototxt(text, "net")
    assert f"net, line {line}" in str(refused.value) and found in str(refused.value)


def test_a_value_of_another_kind_is_refused_with_its_line():
    net = parse_prototxt("a {\n n: many\n}\nf { g {} }", "net")
    with pytest.raises(NetworkInvalid, match=r"n expects a whole number, found 'many' \(net, line 2\)"):
        net.message("a").integer("n", 0)
    with pytest.raises(NetworkInvalid, match="g expects true or false, found a message"):
        net.message("f").flag("g", False)


def test_files_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "net.prototxt"
    with pytest.raises(NetworkInvalid, match="cannot be read: No such file"):
        read_prototxt(path)
    path.write_bytes(b"\x0a\x80\xff")
    with pytest.raises(NetworkInvalid, match="weights are another file"):
        read_prototxt(path)
    with path.open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(NetworkInvalid, match="more than"):
        read_prototxt(path)
