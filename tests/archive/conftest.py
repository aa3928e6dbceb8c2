"""One archive of a small trained model, made once, and what tests change about it."""

import gzip
import io
import tarfile

import pytest

from digits_core.archive.manifest import MANIFEST
from digits_core.archive.reading import read_archive
from digits_core.packing.writing import make_manifest, write_archive
from digits_core.service.digits import Digits


@pytest.fixture(scope="session")
def packed(finished, tmp_path_factory):
    """The archive of job `finished`."""
    pytest.importorskip("onnxruntime", reason="archives are made with ONNX Runtime, which is not installed here")
    path = tmp_path_factory.mktemp("packed") / "finished.tar.gz"
    Digits(finished / "home").make_archive("finished", path, license="MIT")
    return path


@pytest.fixture(scope="session")
def contents(packed):
    """Every file of it."""
    return read_archive(packed).data


@pytest.fixture
def repack(contents, tmp_path):
    """Make an archive with other files, whose digests are right."""

    def call(changes=None, name="changed.tar", manifest=None):
        files = {**contents, **(changes or {})}
        made = make_manifest("finished@000003-epoch", "MIT", files)
        write_archive(tmp_path / name, made.model_copy(update=manifest or {}), files)
        return tmp_path / name

    return call


@pytest.fixture
def tarred(contents, tmp_path):
    """Make a tar file of the manifest, what is given, and the rest of the files."""
    manifest = make_manifest("finished@000003-epoch", "MIT", contents).encode()

    def call(*extra, first=(), compress=False):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for info, data in [
                *first,
                member(MANIFEST, manifest),
                *extra,
                *(member(*pair) for pair in contents.items()),
            ]:
                archive.addfile(info, io.BytesIO(data))
        data = stream.getvalue()
        path = tmp_path / ("hostile.tar.gz" if compress else "hostile.tar")
        path.write_bytes(gzip.compress(data, 1) if compress else data)
        return path

    return call


def member(name, data=b"", kind=tarfile.REGTYPE, link=""):
    """A file of a tar archive."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data
