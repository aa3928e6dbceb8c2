"""The scripts for receivers: they stand alone, and print what ``digits classify`` says, to the last digit."""

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits_core.archive.manifest import ONNX, PREPROCESSING, Preprocessing
from digits_core.contracts.exporter import Deployable, ExportOptions
from digits_core.dataset.pictures import prepare_picture
from digits_core.hooks.registry import discover
from digits_core.packing.contents import Contents, Reference, archive_files
from digits_core.packing.writing import make_manifest, write_archive
from digits_core.service.digits import Digits
from digits_core.spec.dataset import PictureForm
from digits_core.testing.graphs import graph_of, weights_of

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "examples" / "classification"
#: Runs a script as if nothing were installed but the standard library and three packages.
ALONE = """
import runpy, sys
allowed = set(sys.stdlib_module_names) | {"numpy", "PIL", "onnxruntime"}
class Door:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Door())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _alone(script, *arguments, status=0):
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == status, done.stderr
    return done


def _lacking(*arguments):
    """Run a script where ONNX Runtime is not installed; returns its one line."""
    code = ALONE.replace(', "onnxruntime"', "")
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def _load(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _noise(*shape, seed=0, dtype=np.uint8):
    smooth = np.random.default_rng(seed).integers(0, 256, (6, 5, *shape[2:]))
    pixels = smooth.repeat(-(-shape[0] // 6), 0).repeat(-(-shape[1] // 5), 1)[: shape[0], : shape[1]]
    return (pixels * 257 if dtype == np.uint16 else pixels).astype(dtype)


def _encoded(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PICTURES = {
    "colour.png": _encoded(Image.fromarray(_noise(40, 30, 3)), "PNG"),
    "gray.png": _encoded(Image.fromarray(_noise(33, 50)), "PNG"),
    "alpha.png": _encoded(Image.fromarray(_noise(21, 37, 4)), "PNG"),
    "gray-alpha.png": _encoded(Image.fromarray(_noise(20, 20, 4)).convert("LA"), "PNG"),
    "palette.gif": _encoded(Image.fromarray(_noise(25, 18, 3)).quantize(16), "GIF", transparency=3),
    "deep.png": _encoded(Image.fromarray(_noise(30, 22, dtype=np.uint16)), "PNG"),
    "deep.tiff": _encoded(Image.fromarray(_noise(18, 26, dtype=np.uint16)), "TIFF"),
    "bits.png": _encoded(Image.fromarray(_noise(19, 19)).convert("1"), "PNG"),
    "cmyk.jpg": _encoded(Image.fromarray(_noise(30, 40, 3)).convert("CMYK"), "JPEG"),
    "large.jpg": _encoded(Image.fromarray(_noise(480, 300, 3)), "JPEG"),
    "turned.jpg": _encoded(Image.fromarray(_noise(300, 480, 3)), "JPEG", exif=_turned(6)),
    "mirrored.jpg": _encoded(Image.fromarray(_noise(60, 48, 3)), "JPEG", exif=_turned(5)),
    "wide.webp": _encoded(Image.fromarray(_noise(7, 90, 3)), "WEBP", lossless=True),
    "dot.png": _encoded(Image.fromarray(_noise(1, 1, 3)), "PNG"),
}
RESIZES = ("squash", "crop", "fill", "half-crop")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, data in PICTURES.items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("script", ["use_archive", "example"])
def test_pictures_are_prepared_as_datasets_prepare_them_bit_for_bit(script):
    prepare = _load(script).prepare_picture
    for name, data in PICTURES.items():
        for resize in RESIZES:
            for width, height, channels in ((28, 28, 3), (31, 17, 1), (64, 100, 3)):
                form = {"width": width, "height": height, "channels": channels, "resize": resize}
                assert np.array_equal(prepare(data, **form), prepare_picture(data, **form)), (name, form)


@pytest.mark.parametrize("script", ["use_archive", "example"])
@pytest.mark.parametrize("mode", ["F", "I", "none", "bomb"])
def test_pictures_that_datasets_refuse_are_refused(script, mode):
    data = {
        "F": lambda: _encoded(Image.new("F", (9, 9)), "TIFF"),
        "I": lambda: _encoded(Image.new("I", (9, 9), 70_000), "TIFF"),
        "none": lambda: b"no picture",
        "bomb": lambda: _encoded(Image.new("1", (9000, 9000)), "PNG"),
    }[mode]()
    for prepare in (prepare_picture, _load(script).prepare_picture):
        with pytest.raises((ValueError, OSError)):
            prepare(data, width=8, height=8, channels=3, resize="squash")


def test_what_both_scripts_do_is_written_the_same_in_both():
    first, second = ((SCRIPTS / name).read_text() for name in ("use_archive.py", "example.py"))
    shared = re.compile(r"# --- Pictures.*(?=# --- )", re.DOTALL)
    assert shared.search(first)[0] == shared.search(second)[0]


def _shown(digits, archive, images):
    """What the script should print, from what the service says."""
    lines = []
    for prediction in digits.classify(str(archive), images, top=5).predictions:
        lines += [prediction.image, *(f'{guess.probability:9.4%} - "{guess.label}"' for guess in prediction.top)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("resize", "size", "crop", "name"),
    [
        ("squash", (16, 16), None, "a.tar.gz"),
        ("crop", (16, 16), None, "a.tar.bz2"),
        ("fill", (24, 20), (16, 16), "a.zip"),
        ("half-crop", (18, 17), (16, 16), "a.tgz"),
    ],
)
def test_the_script_agrees_with_classify_to_the_last_digit(resize, size, crop, name, repack, images):
    form = {"width": size[0], "height": size[1], "channels": 3, "resize": resize}
    archive = repack({PREPROCESSING: json.dumps({"picture": form, "crop": crop}).encode()}, name=name)
    assert _alone(SCRIPTS / "use_archive.py", archive, *images).stdout == _shown(Digits(), archive, images)


#: What divides by its neighbours takes a logarithm and a power, which round by how they are written.
WITH_LRN = [
    {"name": "first", "op": "conv", "filters": 8, "kernel": 3, "stride": 2},
    {"name": "relu", "op": "relu"},
    {"name": "lrn", "op": "lrn", "size": 5, "alpha": 0.5, "beta": 0.75},
    {"name": "second", "op": "conv", "filters": 8, "kernel": 3},
    {"name": "again", "op": "lrn", "size": 3, "alpha": 2.0, "beta": 0.75},
    {"name": "logits", "op": "dense", "units": 20},
]


def test_a_network_whose_rounding_depends_on_how_it_is_written_agrees_too(tmp_path):
    pytest.importorskip("onnxruntime", reason="archives are made with ONNX Runtime, which is not installed here")
    graph = graph_of(WITH_LRN, channels=3, height=16, width=16, classes=20, mean="pixel")
    labels, arrays = tuple(f"c{number}" for number in range(20)), weights_of(graph)
    form = PictureForm(width=16, height=16, channels=3, resize="squash")
    discover().exporters.get("onnx")().export(
        Deployable("lrn", graph, arrays, labels, form), ExportOptions(), tmp_path / ONNX
    )
    reference = Reference(np.zeros((16, 16, 3), np.uint8), np.zeros((1, 16, 16, 3), np.uint8), np.ones((1, 20), "f4"))
    told = (labels, Preprocessing(picture=form), {}, {}, {}, (tmp_path / ONNX).read_bytes(), reference)
    files = archive_files(Contents("lrn", "", graph, arrays, *told))
    write_archive(tmp_path / "lrn.tar", make_manifest("lrn", "", files), files)
    pictures = [tmp_path / f"{number}.png" for number in range(67)]  # two batches of the script, one of them ragged
    for number, picture in enumerate(pictures):
        picture.write_bytes(_encoded(Image.fromarray(_noise(16, 16, 3, seed=number)), "PNG"))
    expected = _shown(Digits(), tmp_path / "lrn.tar", pictures)
    for options in ((), ("--batch-size", "1")):
        found = _alone(SCRIPTS / "use_archive.py", tmp_path / "lrn.tar", *pictures, *options).stdout
        assert found.splitlines() == expected.splitlines()
    assert _alone(SCRIPTS / "example.py", tmp_path / ONNX, *pictures).stdout == expected


def test_a_receiver_needs_nothing_but_the_archive(packed, images, tmp_path):
    """Unpacked somewhere else, its own scripts use it, and each model file by itself."""
    subprocess.run(["tar", "-xf", packed, "-C", tmp_path], check=True)
    expected = _shown(Digits(), packed, images)
    assert _alone(tmp_path / "use_archive.py", packed, *images).stdout == expected
    assert _alone(tmp_path / "use_archive.py", tmp_path, *images).stdout == expected
    assert _alone(tmp_path / "example.py", tmp_path / "model.onnx", *images).stdout == expected
    (tmp_path / "names.txt").write_text("one\ntwo\nthree\n")
    options = ("-l", tmp_path / "names.txt", "--batch-size", "1", "--resize", "fill", "--size", "20x16")
    renamed = _alone(tmp_path / "example.py", tmp_path / "model.onnx", images[0], *options).stdout
    assert set(re.findall('"(.*)"', renamed)) == {"one", "two", "three"}


def test_one_picture_that_cannot_be_read_does_not_cost_the_others(packed, images, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    done = _alone(SCRIPTS / "use_archive.py", packed, tmp_path / "text.png", images[0], status=1)
    assert "text.png cannot be read" in done.stderr and str(images[0]) in done.stdout
    _alone(SCRIPTS / "use_archive.py", packed, tmp_path / "missing.png", status=2)


def test_the_script_refuses_what_is_no_archive_or_damaged(repack, packed, images, tmp_path):
    data = repack(name="good.tar").read_bytes()
    (tmp_path / "bad.tar").write_bytes(data.replace(b"blue\ngreen\nred", b"blue\nred\ngreen"))
    done = _alone(SCRIPTS / "use_archive.py", tmp_path / "bad.tar", images[0], status=2)
    assert "labels.txt has another SHA-256" in done.stderr and "Traceback" not in done.stderr
    done = _alone(SCRIPTS / "use_archive.py", images[0], images[0], status=2)
    assert done.stderr.startswith("Error: ") and "Traceback" not in done.stderr
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(packed.read_bytes()[:-5000])
    done = _alone(SCRIPTS / "use_archive.py", cut, images[0], status=2)
    assert done.stderr.startswith(f"Error: Archive {cut} cannot be used: ") and "Traceback" not in done.stderr


def test_a_receiver_without_onnx_runtime_or_with_an_old_one_is_told_so_in_a_line(packed, repack, images, tmp_path):
    onnx = pytest.importorskip("onnx")
    subprocess.run(["tar", "-xf", packed, "-C", tmp_path], check=True)
    model = tmp_path / ONNX
    for script, given in (("use_archive.py", packed), ("example.py", model)):
        told = _lacking(SCRIPTS / script, given, images[0])
        assert told.startswith("Error: ") and "pip install onnxruntime" in told
    newer = onnx.load(model)
    newer.opset_import[0].version = 999
    model.write_bytes(newer.SerializeToString())
    archive = repack({ONNX: model.read_bytes()})
    for script, given in (("use_archive.py", archive), ("example.py", model)):
        done = _alone(SCRIPTS / script, given, images[0], status=2)
        assert re.search(r"onnxruntime [0-9.]+ cannot read the model: ", done.stderr)
        assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("script", ["use_archive.py", "example.py"])
def test_whoever_stops_reading_hears_no_more(script, packed, images, tmp_path):
    subprocess.run(["tar", "-xf", packed, "-C", tmp_path], check=True)
    given = packed if script == "use_archive.py" else tmp_path / ONNX
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, str(SCRIPTS / script), str(given), *map(str, images)]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, check=False, timeout=400)
    os.close(writes)
    assert done.returncode == 1 and done.stderr == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--size", "8x8"), "at least 16x16, which the model takes, found 8x8"),
        (("--size", "16x15"), "found 16x15"),
        (("--size", "16"), "expects WIDTHxHEIGHT, found 16"),
        (("-l", "two.txt"), "knows 3 classes, and two.txt has names of 2"),
        (("-l", "four.txt"), "knows 3 classes, and four.txt has names of 4"),
    ],
)
def test_a_size_or_names_that_do_not_fit_the_model_are_refused(
    options, expected, contents, images, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path(ONNX).write_bytes(contents[ONNX])
    Path("two.txt").write_text("one\ntwo\n")
    Path("four.txt").write_text("one\ntwo\nthree\nfour\n")
    done = _alone(SCRIPTS / "example.py", ONNX, images[0], *options, status=2)
    assert expected in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""
