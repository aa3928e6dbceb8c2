"""The house keeps its own rules."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in ROOT.glob("digits_core/*/__init__.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_has_a_paragraph_that_says_what_lives_there(room):
    text = (room / "__init__.py").read_text()
    paragraph = text.split('"""')[1]
    assert len(paragraph.split()) >= 20
    assert room.name in (ROOT / "digits_core/__init__.py").read_text()


#: Reads what PyTorch saved with an unpickler of its own, which builds nothing that it was not told of.
READS_PICKLES = "digits_pretrained/pickles.py"
#: Reads the file that it wrote a moment before, as users will.
READS_ITS_OWN = "digits_torch/exports/state_dict.py"


def test_no_load_path_can_run_code():
    forbidden = re.compile(
        r"\bimport pickle|\bfrom pickle|pickle\.(loads?|Unpickler)\(|torch\.load\(|"
        r"yaml\.load\((?!.*_StrictLoader)|(?<![.\w])(eval|exec)\("
    )
    for path in ROOT.glob("*/**/*.py"):
        if path.relative_to(ROOT).parts[0] in ("digits_core", "backends", "plugins"):
            text = path.read_text()
            if path.as_posix().endswith(READS_PICKLES):
                text = text.replace("import pickle\n", "", 1)
            if path.as_posix().endswith(READS_ITS_OWN):
                text = text.replace("torch.load(destination, weights_only=True)", "", 1)
            found = forbidden.search(text)
            assert not found, f"{path}: {found}"


def test_importing_the_core_imports_nothing_heavy():
    code = (
        "import sys, digits_core; "
        "sys.exit(bool({'numpy', 'pydantic', 'rich', 'typer', 'pyarrow', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


#: What takes longest to import, and is needed by few commands each: arrays, pictures, files of datasets, YAML, HTTPS,
#: archives, processes, bars, and the rooms that stand on them.
HEAVY = """
    numpy pyarrow PIL yaml ssl http.client tarfile psutil rich
    digits_core.graph.ops digits_core.dataset.opened digits_core.archive.reading digits_core.scheduling.scheduler
    digits_core.training.loop digits_core.parity.comparison digits_core.hooks.registry digits_core.store.job
""".split()


@pytest.mark.parametrize(
    ("action", "needed"),
    [
        ("import digits_core.service.digits", ""),
        ("digits().plugins", "digits_core.hooks.registry"),
        ("digits().datasets()", ""),
        ("digits().models()", ""),
        (
            "digits().jobs()",
            "psutil digits_core.hooks.registry digits_core.store.job digits_core.scheduling.scheduler",
        ),
        (
            "import digits_core.service.classification",
            "numpy PIL digits_core.graph.ops digits_core.hooks.registry digits_core.store.job",
        ),
    ],
    ids=["service", "plugins", "datasets", "models", "jobs", "classification"],
)
def test_the_service_imports_what_a_method_needs_when_it_is_called(action, needed, tmp_path):
    code = (
        "import pathlib, sys\n"
        "def digits():\n"
        "    from digits_core.service.digits import Digits\n"
        f"    return Digits(pathlib.Path({str(tmp_path)!r}))\n"
        f"{action}\n"
        f"print(*(name for name in {HEAVY} if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert set(found.split()) == set(needed.split())


def test_what_is_heavy_is_still_called_so():
    assert all(importlib.util.find_spec(name) for name in HEAVY)
