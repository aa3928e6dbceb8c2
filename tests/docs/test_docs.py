"""Docs cannot rot: snippets are files that run, generated pages follow the code, links lead somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from digits_core.dataset.augment.plugins import make_extras
from digits_core.hooks.registry import GROUP, collect, discover
from digits_core.spec.files import read_data
from digits_core.spec.job import DataOptions
from digits_core.spec.model import parse

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
SNIPPETS = DOCS / "snippets"
BACKENDS_NEEDED = {"tutorial.sh": {"torch", "jax"}, "parity.sh": {"torch"}, "native-network.sh": {"torch"}}
TRACKERS_NEEDED = {"track.sh": {"tensorboard", "mlflow"}}


def _generate():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_follow_the_code():
    for name, text in _generate().pages().items():
        assert (DOCS / "reference" / name).read_text() == text, f"{name} is out of date: run make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_picture_of_a_page_exists(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_marked_block_is_part_of_its_snippet(page):
    marked = re.findall(r"<!-- snippet: (\S+) -->\n( *)```\w+\n(.*?)\n *```", page.read_text(), re.DOTALL)
    assert len(marked) == page.read_text().count("<!-- snippet:")
    for name, indent, block in marked:
        plain = "\n".join(line.removeprefix(indent) for line in block.splitlines())
        assert plain in (SNIPPETS / name).read_text(), name


@pytest.mark.slow
@pytest.mark.parametrize("snippet", sorted(SNIPPETS.glob("*.sh")), ids=lambda path: path.name)
def test_a_snippet_runs_as_it_is_printed(snippet, tmp_path):
    missing = BACKENDS_NEEDED.get(snippet.name, set()) - set(discover().backends.available())
    missing |= TRACKERS_NEEDED.get(snippet.name, set()) - set(discover().trackers.available())
    if missing:
        pytest.skip(f"{snippet.name} shows {', '.join(sorted(missing))}, which is not installed here")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = os.environ | {
        "SNIPPETS": str(SNIPPETS),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", str(snippet)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("kind", ["backend", "augmentation", "tracker"])
def test_the_snippet_of_a_plugins_test_passes(kind):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SNIPPETS / f"test_my_{kind}.py")],
        env=os.environ | {"PYTHONPATH": str(SNIPPETS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_augmentation_of_the_guide_works_in_the_job_of_the_guide(monkeypatch):
    monkeypatch.syspath_prepend(SNIPPETS)
    known = collect([EntryPoint("mine", "my_augmentation", GROUP)]).augmentations
    data = read_data(SNIPPETS / "augment.yaml")["data"]
    options = parse(DataOptions, data).augment
    (extra,) = make_extras(options.extra, known)
    white = np.full((9, 5, 1), 200, np.uint8)
    assert extra.apply(white, [0.3])[:, 0, 0].tolist() == [200, 100, 200, 200, 200, 100, 200, 200, 200]
