"""`module` of every backend takes what a user has: a folder or an archive."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from digits_core.archive.saved_model import read_saved
from digits_core.errors import ModelInvalid, NetworkInvalid
from digits_core.graph.codec import encode
from digits_core.testing.graphs import OP_CASES, batch_of, graph_of, weights_of

SNIPPETS = Path(__file__).parents[2] / "docs" / "snippets"


@pytest.fixture
def saved(tmp_path):
    """A folder with a small model."""
    graph = graph_of(OP_CASES["conv"])
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "graph.json").write_text(json.dumps(encode(graph)))
    safetensors.numpy.save_file(weights_of(graph), folder / "weights.safetensors")
    np.save(tmp_path / "pictures.npy", batch_of(graph).images)
    return folder


def test_a_folder_holds_a_model_and_what_was_packed_by_others_is_no_archive(saved, tmp_path):
    graph, arrays = read_saved(saved)
    assert graph == graph_of(OP_CASES["conv"])
    assert arrays.keys() == graph.parameters.keys()
    with tarfile.open(tmp_path / "packed.tar.gz", "w:gz") as archive:
        archive.add(saved, ".")
    with pytest.raises(ModelInvalid, match="refused"):
        read_saved(tmp_path / "packed.tar.gz")


def test_a_snapshot_of_a_job_is_a_model_and_its_job_names_them(trained, home):
    job = home / "jobs" / "finished"
    graph, arrays = read_saved(job / "snapshots" / "000002-epoch")
    assert graph.name == "lenet" and arrays.keys() == graph.parameters.keys()
    with pytest.raises(ModelInvalid, match=r"several snapshots.*000003-epoch"):
        read_saved(job)


def test_what_is_no_model_is_said_in_words(saved, tmp_path):
    (tmp_path / "text.zip").write_text("no archive")
    for path in (tmp_path / "text.zip", tmp_path / "missing", tmp_path):
        with pytest.raises(ModelInvalid):
            read_saved(path)
    (saved / "weights.safetensors").write_bytes(b"damaged" * 9)
    with pytest.raises(ModelInvalid, match="safetensors"):
        read_saved(saved)


def test_code_in_a_file_is_not_run(saved):
    network = json.loads((saved / "graph.json").read_text())
    network["layers"] = [{"name": "native", "op": "native", "source": "raise SystemExit", "backend": "torch"}]
    (saved / "graph.json").write_text(json.dumps(network))
    with pytest.raises(NetworkInvalid, match="native"):
        read_saved(saved)


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", [pytest.param(name, marks=pytest.mark.backend(name)) for name in ("torch", "jax", "tensorflow")]
)
def test_the_five_lines_of_the_guide_run(saved, backend):
    done = subprocess.run(
        [sys.executable, str(SNIPPETS / f"native_{backend}.py")],
        cwd=saved.parent,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "9.9814" in done.stdout
