"""`digits classify`, `evaluate` and `top`: what a model is worth."""

import csv
import http.server
import io
import threading
import time
from functools import partial
from importlib.util import find_spec

import pyarrow.parquet as pq
import pytest
from PIL import Image

needs_onnx = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="ONNX Runtime is not installed here")
NUMPY = ("--backend", "numpy")


def test_a_folder_whose_folders_are_classes_is_classified_and_counted(digits, trained, tmp_path):
    answer = digits("classify", "finished", trained, "--by-folder", *NUMPY, "--json")
    data = answer.data
    assert answer.status == 0 and len(data["predictions"]) == data["samples"] == 36
    first = [one["rank"] == 1 for one in data["predictions"]]
    assert data["accuracy"] == sum(first) / 36 and data["top5"] == 1.0 and data["unknown_labels"] == {}
    for one in data["predictions"]:
        assert (one["top"][0]["label"] == one["truth"]) == (one["rank"] == 1)
    told = digits("classify", "finished", trained, "--by-folder", *NUMPY).out
    assert told.count("\n") == 37 and "36 pictures of known class" in told
    asked = digits("classify", "finished", trained, "--by-folder", "--top", 2, *NUMPY).out
    assert asked.count("\n") == 36 * 3 + 1


def test_a_list_with_labels_by_name_by_number_unknown_and_missing(digits, trained, tmp_path):
    lines = ["red/00.png red", "red/01.png 2", "blue/00.png purple", "green/00.png", "green/none.png green"]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    answer = digits("classify", "finished", tmp_path / "list.txt", "--prefix", trained, *NUMPY, "--json")
    assert answer.status == 1 and "none.png" in answer.err
    data = answer.data
    assert [one.get("truth") for one in data["predictions"]] == ["red", "red", "purple", None, "green"]
    assert data["samples"] == 2 and data["unknown_labels"] == {"purple": 1}
    assert "does not know: purple (1)" in digits("classify", "finished", tmp_path / "list.txt", "--prefix", trained,
                                                 *NUMPY).out  # fmt: skip


def test_a_split_is_classified_as_its_files_are(digits, trained):
    split = digits("classify", "finished", "--dataset", "colours", "--split", "val", *NUMPY, "--json").data
    files = [trained / one["image"] for one in split["predictions"]]
    alone = digits("classify", "finished", *files, *NUMPY, "--json").data
    for one, other in zip(split["predictions"], alone["predictions"], strict=True):
        assert [guess["label"] for guess in one["top"]] == [guess["label"] for guess in other["top"]]
        assert one["truth"] == one["image"].split("/")[0] and "truth" not in other
    scores = digits("evaluate", "finished", *NUMPY, "--devices", "cpu:1", "--json").data
    assert split["accuracy"] == pytest.approx(scores["accuracy"])


def test_predictions_as_tables(digits, trained, tmp_path):
    (tmp_path / "broken.png").write_text("no picture")
    asked = ("classify", "finished", trained / "red", tmp_path / "broken.png", "--by-folder", "--top", 2, *NUMPY)
    for ending in ("csv", "parquet"):
        answer = digits(*asked, "-o", tmp_path / f"found.{ending}", "--json")
        assert answer.status == 1 and f"found.{ending}" in answer.err
    rows = list(csv.DictReader(io.StringIO((tmp_path / "found.csv").read_text())))
    columns = ["image", "truth", "rank", "label_1", "probability_1", "label_2", "probability_2", "error"]
    assert len(rows) == 13 and list(rows[0]) == columns
    parquet = pq.read_table(tmp_path / "found.parquet").to_pylist()
    predictions = answer.data["predictions"]
    for row, other, one in zip(rows[:-1], parquet[:-1], predictions[:-1], strict=True):
        assert row["image"] == other["image"] == one["image"] and row["truth"] == other["truth"] == "red"
        assert float(row["probability_1"]) == other["probability_1"] == one["top"][0]["probability"]
        assert row["label_2"] == other["label_2"] == one["top"][1]["label"]
    assert "cannot be read" in rows[-1]["error"] and parquet[-1]["label_1"] is None


def test_urls_need_leave_to_lead_to_private_addresses(digits, refused, trained, home):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=trained)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/red/00.png"
        try:
            no = digits("classify", "finished", url, *NUMPY)
            assert no.status == 2 and "no public address" in no.err and "--allow-private" in no.err
            (found,) = digits("classify", "finished", url, "--allow-private", *NUMPY, "--json").data["predictions"]
            (home / "settings.yaml").write_text("allow_private_addresses: true\n")
            assert digits("classify", "finished", url, *NUMPY).status == 0
        finally:
            server.shutdown()
    (file,) = digits("classify", "finished", trained / "red" / "00.png", *NUMPY, "--json").data["predictions"]
    assert found["image"] == url and found["top"] == file["top"]


def test_requests_for_pictures_that_cannot_be(refused, trained, tmp_path):
    assert "found neither" in refused("classify", "finished")
    assert "found both" in refused("classify", "finished", trained, "--dataset", "colours")
    assert "holds no pictures" in refused("classify", "finished", tmp_path, *NUMPY)
    assert "CSV or Parquet" in refused("classify", "finished", trained, "-o", tmp_path / "a.xls")
    assert "has no test pictures" in refused("classify", "finished", "--dataset", "colours", "--split", "test", *NUMPY)


def test_an_evaluation_tells_its_scores_with_their_ranges_and_writes_files(digits, trained, tmp_path):
    files = (tmp_path / "classes.csv", tmp_path / "confusion.png")
    answer = digits(
        "evaluate", "finished", "--split", "train", *NUMPY, "-o", files[0], "--confusion", files[1], "--json"
    )
    data = answer.data
    for share in ("accuracy", "top5"):
        low, high = data[f"{share}_interval"]
        assert 0 <= low <= data[share] <= high <= 1 and high - low > 0.1
    assert data["confidence"] == 0.95 and data["interval_method"] == "Wilson score interval"
    assert sum(one["count"] for one in data["calibration"]["bins"]) == data["samples"] == 27
    assert 0 <= data["calibration"]["error"] <= data["calibration"]["largest"] <= 1
    rows = list(csv.DictReader(io.StringIO(files[0].read_text())))
    for row, one in zip(rows, data["per_class"], strict=True):
        assert row["label"] == one["label"] and float(row["f1"]) == one["f1"] and int(row["support"]) == one["support"]
        assert [float(row["recall_low"]), float(row["recall_high"])] == one["recall_interval"]
    Image.open(files[1]).verify()
    told = digits("evaluate", "finished", *NUMPY).out
    assert "top 5" not in told  # of three classes each is among the first five guesses
    assert "95 % Wilson score interval" in told and "calibration" in told


def test_evaluations_that_cannot_be(refused, digits, trained, tmp_path):
    message = refused("evaluate", "finished", "-o", tmp_path / "a.xls", "--confusion", tmp_path / "a.jpg")
    assert "a.xls" in message and "a.jpg" in message
    assert "--detach leaves nothing" in refused("evaluate", "finished", "-o", tmp_path / "a.csv", "--detach")
    message = refused("evaluate", "finished", trained, "--dataset", "colours", "--split", "val", "--detach")
    assert all(f"without {key}" in message for key in ("--dataset", "--split", "--detach"))


@pytest.fixture
def busy(digits, trained, monkeypatch):
    """Job `busy` trains on every device of this machine, which are two cores, and has a snapshot."""
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    often = ("--epochs", 1_000_000, "--validate-every", 0, "--snapshot-every", 100, "--keep", 10_000)
    request = ("colours", "lenet", "--backend", "torch", "--devices", "cpu:0,1", "--batch", 18, "--lr", 0.0001)
    digits("train", *request, *often, "--set", "options.compile=off", "--name", "busy", "--detach")
    until = time.monotonic() + 400
    while not digits("job", "show", "busy", "--json").data["snapshots"] and time.monotonic() < until:
        time.sleep(0.2)
    yield
    if digits("job", "show", "busy", "--json").data["state"] == "running":
        digits("job", "abort", "busy")


@needs_onnx
@pytest.mark.slow
@pytest.mark.backend("torch")
def test_a_job_that_trains_on_every_device_is_judged_by_its_latest_snapshot(digits, trained, busy, tmp_path):
    def shown(job):
        return digits("job", "show", job, "--json").data

    devices = digits("device", "list", "--json").data["devices"]
    assert [device["lease"] for device in devices] == ["busy", "busy"]
    before = shown("busy")
    waiting = digits("evaluate", "finished", *NUMPY, "--detach", "--json").data["job"]
    classified = digits("classify", "busy", trained, "--by-folder", "--json").data
    inspected = digits("inspect", "busy", trained / "red" / "00.png", "-o", tmp_path / "layers.html", "--json").data
    evaluated = digits("evaluate", "busy", "--json").data
    assert {classified["backend"], evaluated["backend"], inspected["backend"]} == {"onnx"}
    oldest = int(before["snapshots"][-1]["name"][:6])
    for found in (classified, inspected, evaluated):
        assert int(found["model"].rpartition("@")[2][:6]) >= oldest, found["model"]
    after, blocked = shown("busy"), shown(waiting)
    assert after["state"] == "running" and after["step"] > before["step"]
    assert blocked["state"] == "queued" and "busy" in blocked["waits_for"]
    digits("job", "abort", waiting)


@needs_onnx
def test_an_evaluation_by_onnx_runtime_finds_what_the_backend_finds(digits, trained):
    found = digits("evaluate", "finished", "--json").data
    native = digits("evaluate", "finished", "--runtime", "native", "--json").data
    assert (found["backend"], native["backend"]) == ("onnx", "numpy")
    assert native["confusion"] == found["confusion"] and found["loss"] == pytest.approx(native["loss"], rel=1e-5)


@needs_onnx
def test_a_runtime_that_is_given_devices_is_refused(refused, trained):
    assert "is given no devices" in refused("evaluate", "finished", "--runtime", "onnx", "--devices", "cpu:1")


def test_the_pictures_that_classes_score_highest(digits, trained, tmp_path):
    mosaic, table = tmp_path / "mosaic.png", tmp_path / "top.csv"
    data = digits("top", "finished", "--count", 2, *NUMPY, "-o", mosaic, "--json").data
    assert [one["label"] for one in data["classes"]] == ["blue", "green", "red"]
    for one in data["classes"]:
        scores = [picture["probability"] for picture in one["pictures"]]
        assert len(scores) == 2 and scores == sorted(scores, reverse=True)
    Image.open(mosaic).verify()
    asked = ("top", "finished", "colours", "--split", "train", "--class", "red", "--count", 3, *NUMPY)
    told = digits(*asked, "-o", table).out
    assert told.count("red/") >= 1 and "green " not in told.replace("is of", "").split("picture\n")[0]
    assert len(table.read_text().splitlines()) == 4


def test_top_pictures_that_cannot_be(refused, trained, tmp_path):
    message = refused("top", "finished", "--class", "rad", "--class", "mauve", *NUMPY)
    assert "'rad'" in message and "'mauve'" in message and "Did you mean red?" in message
    assert "CSV or Parquet" in refused("top", "finished", "-o", tmp_path / "a.gif")
    assert "has no test pictures" in refused("top", "finished", "--split", "test", *NUMPY)
