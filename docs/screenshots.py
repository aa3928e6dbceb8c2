"""Take the screenshots of the page that the documentation shows. Run by ``make screenshots``; needs Chromium.

A home is made with real handwritten digits and some jobs, a server is started on it, and every page is looked at in
light, in dark, and as wide as a phone. Words after ``docs/screenshots.py`` name pages that are taken alone.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

import safetensors.numpy
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from digits_core.service.demo import DATASET, read_digits
from digits_core.service.digits import Digits

PICTURES = Path(__file__).parent / "pictures" / "page"
REFERENCE = Path(__file__).parent / "reference" / "page.md"
#: What is looked at: light or dark, and how wide and high the window is.
LOOKS = {"light": (1280, 900), "dark": (1280, 900), "narrow": (390, 844)}
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
#: Milliseconds that what a page is looked at for may take to be there.
PATIENCE_MS = 120_000
IN_VIEW = "[...document.images].filter(image => image.getBoundingClientRect().top < innerHeight)"
#: A picture of fewer colours than these below the header shows nothing yet; it is taken again so many times.
BLANK_COLOURS, HEADER_PX, TRIES = 8, 80, 10
JOB = {
    "dataset": DATASET,
    "network": "lenet",
    "batch": 64,
    "devices": "cpu:2",
    "solver": {"name": "sgd", "rate": 0.02},
    "schedule": {"policy": "cosine", "warmup": 5},
}


def settle(page: Page) -> None:
    """Pictures have arrived and charts are drawn; those far below the window may never be asked for."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function(f"{IN_VIEW}.every(image => image.complete)")
    page.wait_for_timeout(1500)


def seen(find: Callable[[Page], Locator]) -> Callable[[Page], None]:
    """Wait until what a page is looked at for is seen."""

    def ready(page: Page) -> None:
        find(page).first.wait_for(timeout=PATIENCE_MS)
        settle(page)

    return ready


def layers(page: Page) -> None:
    """A picture of the dataset is classified, with every layer."""
    page.get_by_text("Show visualisations and statistics").click()
    page.get_by_role("button", name="Sample", exact=False).first.click()
    page.get_by_role("list", name="Guesses").wait_for(timeout=PATIENCE_MS)
    heading = page.get_by_role("heading", name="Layer by layer")
    heading.evaluate(f"place => scrollTo(0, place.getBoundingClientRect().top - {HEADER_PX})", timeout=PATIENCE_MS)
    settle(page)


#: Name, address, what it shows, and what is done before the picture is taken.
PAGES: tuple[tuple[str, str, str, Callable[[Page], None]], ...] = (
    ("home", "/", "Home: devices, what runs, every job and dataset", seen(lambda page: page.get_by_text("running"))),
    ("new-dataset", "/datasets/new", "A new dataset", seen(lambda page: page.get_by_label("Name"))),
    ("dataset", f"/datasets/{DATASET}", "A dataset", seen(lambda page: page.locator(".digits-tile img"))),
    (
        "new-model",
        f"/jobs/new?dataset={DATASET}",
        "A new model",
        seen(lambda page: page.get_by_text("Ready.", exact=True)),
    ),
    ("job", "/jobs/running", "A job that runs", seen(lambda page: page.locator("canvas"))),
    ("layers", "/jobs/torch?tab=use", "Inside a model", layers),
    (
        "confusion",
        "/jobs/torch?tab=use&do=evaluate&evaluation=evaluation-torch",
        "What a model confuses",
        seen(lambda page: page.get_by_role("img", name="Confusion matrix").locator("canvas")),
    ),
    (
        "take-away",
        "/jobs/torch?tab=take",
        "Taking a model away",
        seen(lambda page: page.get_by_role("button", name="Export as onnx")),
    ),
    ("models", "/models", "Models of other systems", seen(lambda page: page.get_by_role("link", name="handwriting"))),
    ("import-model", "/models/new", "Importing a model", seen(lambda page: page.get_by_label("Name", exact=True))),
    (
        "model",
        "/models/handwriting?tab=use",
        "Using an imported model",
        seen(lambda page: page.get_by_role("button", name="A sample")),
    ),
    ("archives", "/archives", "Checking an archive", seen(lambda page: page.get_by_role("group", name="Archive"))),
    ("compare", "/compare?jobs=torch,jax,running", "Comparing jobs", seen(lambda page: page.locator("canvas"))),
    ("plugins", "/plugins", "Plugins", seen(lambda page: page.get_by_role("row"))),
    ("settings", "/settings", "Settings and the trash", seen(lambda page: page.get_by_text("Disk"))),
    ("about", "/about", "About this installation", seen(lambda page: page.get_by_role("row"))),
)


def make_home(folder: Path) -> Digits:
    """A dataset, two finished jobs, one that is judged, one that runs and one that waits."""
    digits = Digits(folder / "home")
    pixels, labels = read_digits()
    for index, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        place = folder / "digits" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{index:04d}.png", compress_level=1)
    form = {"width": 28, "height": 28, "channels": 1}
    digits.create_dataset({"name": DATASET, "paths": [str(folder / "digits")], **form, "val": 20, "test": 10})
    for backend in ("torch", "jax"):
        digits.train({**JOB, "name": backend, "backend": backend, "epochs": 4})
    digits.describe_job("torch", description="The reference of all others.", tags=["paper"])
    digits.evaluate("torch")
    bring_model(digits, folder)
    digits.submit({**JOB, "name": "running", "backend": "torch", "epochs": 400, "snapshots": {"every": 20}})
    digits.submit({**JOB, "name": "next-in-line", "network": "squeezenet-1.1", "epochs": 30})
    return digits


def bring_model(digits: Digits, folder: Path) -> None:
    """An imported model: the weights of a job under the names that PyTorch has for them."""
    newest = max((digits.home.path / "jobs" / "torch" / "snapshots").iterdir())
    arrays = safetensors.numpy.load_file(newest / "weights.safetensors")
    named = {name.replace("/kernel", ".weight").replace("/bias", ".bias"): array for name, array in arrays.items()}
    file, labels = folder / "handwriting.safetensors", folder / "labels.txt"
    safetensors.numpy.save_file({name: array for name, array in named.items() if "/" not in name}, file)
    labels.write_text("".join(f"{digit}\n" for digit in range(10)))
    form = {"network": "lenet", "normalization": "unit", "width": 28, "height": 28, "resize": "squash"}
    digits.import_model({"name": "handwriting", "paths": [file], "labels": labels, **form})


@contextmanager
def served(home: Path):
    """The address of a server of ``home``, which may read the folder beside it."""
    words = [sys.executable, "-m", "digits_core.cli.start", "serve", "--port", "0", "--root", str(home.parent)]
    environment = {**os.environ, "DIGITS_HOME": str(home)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().rstrip("/")
        finally:
            process.terminate()


def take(browser: Browser, address: str, look: str, names: Sequence[str]) -> None:
    """Pages in one look; all of them where none is named."""
    width, height = LOOKS[look]
    scheme = "dark" if look == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    for name, path, _, ready in PAGES:
        if names and name not in names:
            continue
        page.goto(f"{address}{path}")
        ready(page)
        keep(shown(page), PICTURES / f"{name}-{look}.png")
        print(f"{name}, {look}", flush=True)
    context.close()


def shown(page: Page) -> bytes:
    """The picture of a page that shows something: under load the browser may not have drawn it yet."""
    for _ in range(TRIES):
        data = page.screenshot()
        whole = Image.open(io.BytesIO(data)).convert("RGB")
        if whole.crop((0, HEADER_PX, *whole.size)).getcolors(BLANK_COLOURS) is None:
            return data
        page.wait_for_timeout(1000)
    raise RuntimeError(f"{page.url} shows nothing below its header.")


def keep(data: bytes, path: Path) -> None:
    """Few colours are enough for a page, and a third of the bytes; small dots of colour are to keep theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(data)).convert("RGB").quantize(256, kmeans=2, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def write_reference() -> None:
    """The page of the documentation that shows them."""
    parts = ["# The page, in pictures\n\nTaken by `make screenshots`: light, dark, and on a phone.\n"]
    for name, path, text, _ in PAGES:
        where = path.partition("?")[0]
        wide = f"![{text}](../pictures/page/{name}-light.png)"
        rest = f"| ![in dark](../pictures/page/{name}-dark.png) | ![narrow](../pictures/page/{name}-narrow.png) |"
        parts.append(f"\n## {text}\n\n`{where}`\n\n{wide}\n\n| dark | narrow |\n|---|---|\n{rest}\n")
    REFERENCE.write_text("".join(parts))


def main(names: Sequence[str]) -> None:
    """Take these pages, or all of them."""
    with tempfile.TemporaryDirectory() as name:
        digits = make_home(Path(name))
        with served(digits.home.path) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                for look in LOOKS:
                    take(browser, address, look, names)
            finally:
                browser.close()
                digits.abort("next-in-line")
                digits.abort("running")
    write_reference()


if __name__ == "__main__":
    main(sys.argv[1:])
