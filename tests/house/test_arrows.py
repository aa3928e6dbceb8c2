"""The import contracts hold, and each of them can fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

FAULTS = {
    "Rooms of the core read top to bottom": ("digits_core/store/home.py", "import digits_core.service.views"),
    "The core names no framework and no plugin": (
        "digits_core/training/loop.py",
        "def later() -> None:\n    import torch",
    ),
    "Backends and plugins never stand on each other": ("digits_torch/devices.py", "import digits_numpy.devices"),
    "A backend sees contracts, saved models, graph, spec and errors, and how to declare itself": (
        "digits_jax/devices.py",
        "import digits_core.store.home",
    ),
    "A plugin sees contracts and what they need": ("digits_networks/lenet.py", "import digits_core.dataset.sampler"),
    "Command line and page speak to the service only": ("digits_core/cli/job.py", "import digits_core.store.home"),
    "Nothing in the core imports from the root package": (
        "digits_core/store/home.py",
        "from digits_core import __version__",
    ),
}


def _lint(folder):
    shutil.copy(ROOT / ".importlinter", folder)
    environment = os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [str(LINTER), "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def house(tmp_path):
    """A copy of the code to plant faults in."""
    for package in [ROOT / "digits_core", *ROOT.glob("backends/*/"), *ROOT.glob("plugins/*/")]:
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_arrow_points_down(house):
    done = _lint(house)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(" KEPT") == len(FAULTS)


@pytest.mark.parametrize("contract", FAULTS)
def test_a_planted_arrow_is_seen(house, contract):
    path, line = FAULTS[contract]
    with (house / path).open("a") as module:
        module.write(f"\n{line}\n")
    done = _lint(house)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
