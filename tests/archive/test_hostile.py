"""Damaged and hostile archives are refused, each in one clear sentence, and nothing is written for them."""

import bz2
import gzip
import io
import json
import pickle
import struct
import tarfile
import tempfile
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from digits_core.archive.manifest import (
    GRAPH,
    LABELS,
    MANIFEST,
    ONNX,
    PREPROCESSING,
    README,
    REFERENCE_INPUT,
    WEIGHTS,
    ArchivedFile,
)
from digits_core.archive.saved_model import given_model
from digits_core.errors import ModelInvalid
from digits_core.inference.model import load_model
from digits_core.packing.writing import make_manifest, write_archive
from digits_core.service.digits import Digits
from digits_core.store.home import Home
from tests.archive.conftest import member

HOSTILE = {}


def hostile(reason):
    """Register what makes a hostile archive; ``reason`` is part of what is said of it."""

    def register(make):
        HOSTILE[make.__name__.removeprefix("_").replace("_", "-")] = (make, reason)
        return make

    return register


@pytest.fixture
def forge(contents, repack, tarred, tmp_path):
    """What hostile archives are made with."""

    class Forge:
        path = tmp_path / "hostile.zip"
        files = contents

        def tar(self, *extra, **options):
            return tarred(*extra, **options)

        def changed(self, changes=None, **options):
            return repack(changes, **options)

        def bytes(self, data, name="hostile.tar.gz"):
            path = tmp_path / name
            path.write_bytes(data)
            return path

        def good(self, name):
            return repack(name=name).read_bytes()

        def zip(self, change=lambda info: None, extra=()):
            manifest = make_manifest("finished@000003-epoch", "MIT", contents).encode()
            with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in [(MANIFEST, manifest), *extra, *contents.items()]:
                    info = zipfile.ZipInfo(name)
                    if name != MANIFEST:
                        change(info)
                    archive.writestr(info, data, zipfile.ZIP_DEFLATED)
            return self.path

    return Forge()


# Names that lead elsewhere


@hostile("leads out of its folder")
def _traversal(forge):
    return forge.tar(member("../../.bashrc", b"x"))


@hostile("leads out of its folder")
def _traversal_within(forge):
    return forge.tar(member("a/../../model.onnx", b"x"))


@hostile("leads out of its folder")
def _traversal_of_windows(forge):
    return forge.tar(member("..\\..\\evil.dll", b"x"))


@hostile("leads out of its folder")
def _traversal_in_a_zip(forge):
    return forge.zip(extra=[("../evil", b"x")])


@hostile("is an absolute path")
def _absolute_path(forge):
    return forge.tar(member("/etc/cron.d/evil", b"x"))


@hostile("is an absolute path")
def _drive_of_windows(forge):
    return forge.tar(member("C:\\Windows\\evil.dll", b"x"))


@hostile("is no name for a file")
def _control_characters_in_a_name(forge):
    return forge.tar(member("model\x1b[2J.onnx", b"x"))


@hostile("is no file of an archive")
def _a_file_that_nobody_expects(forge):
    return forge.tar(member("setup.py", b"import os"))


@hostile("is in it twice")
def _the_same_name_twice(forge):
    return forge.tar(member(ONNX, forge.files[ONNX]))


@hostile("in capitals and in small letters")
def _names_that_clash_on_some_disks(forge):
    return forge.tar(member(README, forge.files[README]), member(README.lower(), b"x"))


@hostile("begins with 'model.onnx'")
def _files_before_the_manifest(forge):
    return forge.tar(first=[member(ONNX, b"x")])


# What is no file


@hostile("a symbolic link")
def _symbolic_link(forge):
    return forge.tar(member(README, kind=tarfile.SYMTYPE, link="/etc/passwd"))


@hostile("a hard link")
def _hard_link(forge):
    return forge.tar(member(README, kind=tarfile.LNKTYPE, link="../../.ssh/id_rsa"))


@hostile("a device")
def _device(forge):
    return forge.tar(member(README, kind=tarfile.CHRTYPE))


@hostile("a named pipe")
def _named_pipe(forge):
    return forge.tar(member(README, kind=tarfile.FIFOTYPE))


@hostile("a folder")
def _folder(forge):
    return forge.tar(member("weights", kind=tarfile.DIRTYPE))


@hostile("a sparse file")
def _sparse_file(forge):
    return forge.tar(member(README, kind=tarfile.GNUTYPE_SPARSE))


@hostile("a symbolic link")
def _symbolic_link_in_a_zip(forge):
    return forge.zip(lambda info: setattr(info, "external_attr", 0o120777 << 16))


# Headers that lie


@hostile("an extended header")
def _long_name_header(forge):
    return forge.tar(member("././@LongLink", b"a" * 4096, tarfile.GNUTYPE_LONGNAME))


@hostile("an extended header")
def _pax_header_of_a_gigabyte(forge):
    info, _ = member("pax", kind=tarfile.XHDTYPE)
    info.size = 2**30
    return forge.bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240), "hostile.tar")


@hostile("1,152,921,504,606,846,976 bytes")
def _manifest_of_an_exabyte(forge):
    info, _ = member(MANIFEST)
    info.size = 2**60
    return forge.bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240), "hostile.tar")


@hostile("negative size")
def _negative_size(forge):
    info, _ = member(MANIFEST)
    info.size = -512
    return forge.bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240), "hostile.tar")


@hostile("damaged one")
def _wrong_checksum_of_a_header(forge):
    data = bytearray(forge.good("good.tar"))
    data[0] ^= 1
    return forge.bytes(bytes(data), "hostile.tar")


@hostile("zip64")
def _zip64_that_lies(forge):
    data = forge.zip().read_bytes()
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    return forge.bytes(data[:-22] + locator + data[-22:], "hostile.zip")


@hostile("holds 60000 files")
def _zip_of_too_many_files(forge):
    data = bytearray(forge.zip().read_bytes())
    struct.pack_into("<HH", data, len(data) - 14, 60_000, 60_000)
    return forge.bytes(bytes(data), "hostile.zip")


@hostile("not where it says")
def _zip_behind_a_program(forge):
    data = forge.zip().read_bytes()
    return forge.bytes(data[:4] + b"\x7fELF" * 64 + data, "hostile.zip")


@hostile("something follows")
def _zip_with_a_tail(forge):
    return forge.bytes(forge.zip().read_bytes() + b"#!/bin/sh\n" * 9, "hostile.zip")


@hostile("damaged zip file")
def _zip_whose_files_are_others_than_its_directory_says(forge):
    data = forge.zip().read_bytes()
    return forge.bytes(data.replace(b"model.onnx", b"modem.onnx", 1), "hostile.zip")


@hostile("encrypted")
def _encrypted_zip(forge):
    data = bytearray(forge.zip().read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    return forge.bytes(bytes(data), "hostile.zip")


# Bombs


def _bombing(forge, name):
    zeros = bytes(100 * 2**20)
    return forge.changed({WEIGHTS: zeros}, name=name)


@hostile("those of a bomb")
def _gzip_bomb(forge):
    return _bombing(forge, "bomb.tar.gz")


@hostile("those of a bomb")
def _bzip2_bomb(forge):
    return _bombing(forge, "bomb.tar.bz2")


@hostile("those of a bomb")
def _zip_bomb(forge):
    return _bombing(forge, "bomb.zip")


@hostile("something follows its end")
def _bomb_behind_the_end(forge):
    data = gzip.decompress(forge.good("good.tar.gz"))
    return forge.bytes(gzip.compress(data.rstrip(b"\0") + bytes(100 * 2**20), 1))


@hostile("at most 1,048,576 are read")
def _a_text_of_gigabytes(forge):
    listed = make_manifest("m", "", forge.files).files
    huge = {**listed, README: ArchivedFile(size_bytes=2**33, sha256="0" * 64)}
    return forge.changed(manifest={"files": huge})


# Not whole


@hostile("ends too early")
def _truncated(forge):
    return forge.bytes(forge.good("good.tar.gz")[:-2000])


@hostile("ends too early")
def _truncated_without_compression(forge):
    return forge.bytes(forge.good("good.tar")[:200_000], "hostile.tar")


@hostile("without an end")
def _truncated_zip(forge):
    return forge.bytes(forge.good("good.zip")[:-2000], "hostile.zip")


@hostile("compression is damaged")
def _damaged_compression(forge):
    data = bytearray(forge.good("good.tar.gz"))
    data[-6] ^= 255
    return forge.bytes(bytes(data))


@hostile("ends too early")
def _truncated_bzip2(forge):
    return forge.bytes(bz2.compress(forge.good("good.tar"))[:-100], "hostile.tar.bz2")


@hostile("something follows its end")
def _something_after_the_end(forge):
    return forge.bytes(forge.good("good.tar.gz") + gzip.compress(b"more"))


@hostile("is missing")
def _a_file_is_missing(forge):
    stream = io.BytesIO(forge.good("good.tar"))
    with tarfile.open(fileobj=stream) as whole:
        kept = [(info, whole.extractfile(info).read()) for info in whole if info.name != WEIGHTS]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, data in kept:
            archive.addfile(info, io.BytesIO(data))
    return forge.bytes(out.getvalue(), "hostile.tar")


@hostile("does not list model.onnx")
def _a_manifest_without_a_file(forge):
    files = {name: record for name, record in make_manifest("m", "", forge.files).files.items() if name != ONNX}
    return forge.changed(manifest={"files": files})


@hostile("has another SHA-256")
def _another_digest(forge):
    data = forge.good("good.tar").replace(b"blue\ngreen\nred", b"blue\nred\ngreen")
    return forge.bytes(data, "hostile.tar")


@hostile("by its manifest")
def _another_size(forge):
    data = forge.files[LABELS] + b"more\n"
    wrong = make_manifest("m", "", forge.files)
    path = forge.path.with_name("hostile.tar")
    write_archive(path, wrong, {**forge.files, LABELS: data})
    return path


# Contents


def _weights(forge, **changes):
    arrays = safetensors.numpy.load(forge.files[WEIGHTS])
    return forge.changed({WEIGHTS: safetensors.numpy.save({**arrays, **changes})})


@hostile("it is a Python pickle")
def _a_pickle_called_an_archive(forge):
    return forge.bytes(pickle.dumps({"weights": [1.0]}))


@hostile("is no file of an archive|begins with")
def _a_checkpoint_of_torch_called_an_archive(forge):
    with zipfile.ZipFile(forge.path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(1))
    return forge.path


@hostile("Python pickle, which is never read")
def _a_pickle_called_weights(forge):
    return forge.changed({WEIGHTS: pickle.dumps({"weights": bytes(64)})})


@hostile("more than there can be")
def _header_of_weights_longer_than_the_file(forge):
    return forge.changed({WEIGHTS: struct.pack("<Q", 2**62) + forge.files[WEIGHTS][8:]})


@hostile("not safetensors|header")
def _weights_that_overlap(forge):
    data = forge.files[WEIGHTS]
    (length,) = struct.unpack_from("<Q", data)
    table = json.loads(data[8 : 8 + length])
    first, second = (entry for entry in table.values() if "data_offsets" in entry and entry["shape"] != []), None
    second = next(first)
    second["data_offsets"] = [0, second["data_offsets"][1] - second["data_offsets"][0]]
    next(first)["data_offsets"][0] = 0
    header = json.dumps(table).encode()
    return forge.changed({WEIGHTS: struct.pack("<Q", len(header)) + header + data[8 + length :]})


@hostile("expects F32")
def _weights_of_another_shape(forge):
    return _weights(forge, **{"conv1/bias": np.zeros(3, np.float32)})


@hostile("not finite")
def _weights_that_are_no_numbers(forge):
    arrays = safetensors.numpy.load(forge.files[WEIGHTS])
    return _weights(forge, **{"conv1/bias": np.full_like(arrays["conv1/bias"], np.nan)})


@hostile("does not have")
def _weights_of_another_network(forge):
    return _weights(forge, **{"conv9/kernel": np.zeros(3, np.float32)})


def _graph(forge, **changes):
    return forge.changed({GRAPH: json.dumps({**json.loads(forge.files[GRAPH]), **changes}).encode()})


@hostile("unknown op 'native'")
def _code_as_a_network(forge):
    layers = [{"name": "native", "op": "native", "backend": "torch", "source": "import os"}]
    return _graph(forge, layers=layers, output="native", losses=[])


@hostile("cannot be built")
def _network_of_a_million_layers(forge):
    block = {"name": "b", "layers": [{"name": "r", "op": "relu"}]}
    return _graph(
        forge, blocks={"b": {"layers": block["layers"]}}, layers=[{"name": "x", "block": "b", "repeat": 10**9}]
    )


@hostile("lacks|expects F32")
def _network_larger_than_memory(forge):
    layers = [{"name": "logits", "op": "dense", "units": 3}]
    huge = {"channels": 3, "height": 8000, "width": 8000, "classes": 3}
    return _graph(forge, input=huge, layers=layers, output="logits", losses=[])


@hostile("not valid JSON")
def _json_nested_without_end(forge):
    return forge.changed({GRAPH: b"[" * 200_000})


@hostile("a key is given twice")
def _json_with_two_meanings(forge):
    text = forge.files[PREPROCESSING].decode()
    return forge.changed({PREPROCESSING: text.replace('"crop"', '"crop": null, "crop"').encode()})


@hostile("the network takes")
def _pictures_of_another_size(forge):
    plain = json.loads(forge.files[PREPROCESSING])
    plain["picture"]["width"] = 10**9
    return forge.changed({PREPROCESSING: json.dumps(plain).encode()})


@hostile("names 4 classes")
def _more_labels_than_classes(forge):
    return forge.changed({LABELS: b"a\nb\nc\nd\n"})


@hostile("format version 2")
def _a_later_version(forge):
    return forge.changed(manifest={"version": 2})


@hostile("not that of an archive")
def _another_kind_of_manifest(forge):
    return forge.changed(manifest={"format": "other/archive"})


@hostile("it is empty")
def _nothing(forge):
    return forge.bytes(b"")


@hostile("it is no file")
def _a_folder_called_an_archive(forge):
    path = forge.path.with_name("folder.tar.gz")
    path.mkdir()
    return path


def _everything(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_in_one_sentence_and_nothing_is_written(kind, forge, tmp_path, monkeypatch):
    make, reason = HOSTILE[kind]
    path = make(forge)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = _everything(tmp_path)
    with pytest.raises(ModelInvalid, match=reason) as caught:
        load_model(Home(tmp_path / "home"), str(path))
    assert len(caught.value.problems) == 1 and caught.value.hint
    assert str(caught.value).startswith(f"Archive {path.name} is refused: ")
    with pytest.raises(ModelInvalid) as by_a_backend:  # what `module(path)` of every backend calls
        given_model(path, None)
    assert path.is_dir() or str(by_a_backend.value) == str(caught.value)
    assert _everything(tmp_path) == before


def test_a_pickle_called_a_reference_is_refused_by_verify(repack):
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ModelInvalid, match=r"reference\.npy expects uint8"):
        Digits().verify_archive(repack({REFERENCE_INPUT: stream.getvalue()}))


def test_an_archive_as_it_was_made_is_not_refused(forge, tmp_path):
    for path in (forge.tar(), forge.tar(compress=True), forge.zip(), forge.changed()):
        assert load_model(Home(tmp_path / "home"), str(path)).labels == ("blue", "green", "red")
