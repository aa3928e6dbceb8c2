"""The REST API over real HTTP, as scripts use it."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.web.conftest import serving

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def place(finished, tmp_path_factory):
    """A home with dataset `colours` and job `finished`, which every test of this file may add to."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copytree(finished / "home", folder / "home")
    return folder


@pytest.fixture(scope="module")
def api(place, finished):
    """A client of a server that may read the folder with the pictures."""
    with (
        serving(place / "home", "--root", str(finished / "pictures")) as address,
        httpx.Client(base_url=f"{address}/api/v1/", timeout=60) as client,
    ):
        yield client


def ended(api, job):
    """The job once it waits for nothing but a person."""
    for _ in range(240):
        view = api.get(f"jobs/{job}").json()
        if view["state"] in {"done", "failed", "aborted", "paused"}:
            return view
        time.sleep(0.25)
    raise AssertionError(view)


def words(client, address, cursor=""):
    """Ids and kinds of the events of a stream."""
    with client.stream("GET", address, headers={"Last-Event-ID": cursor} if cursor else {}) as stream:
        lines = [line for line in stream.iter_lines() if line.startswith(("id:", "event:"))]
    values = [line.partition(": ")[2] for line in lines]
    return list(zip(values[::2], values[1::2], strict=True))


def test_answers_have_the_fields_of_the_command_line(api, place):
    shown = subprocess.run(
        [sys.executable, "-m", "digits_core.cli.start", "job", "list", "--json"],
        env={**os.environ, "DIGITS_HOME": str(place / "home")},
        capture_output=True,
        check=True,
    )
    (told,) = json.loads(shown.stdout)["jobs"]
    page = api.get("jobs", params={"q": "lenet colours", "state": ["done", "failed"]}).json()
    assert page["total"] == 1
    assert page["jobs"][0] == told
    assert api.get("datasets/colours").json()["splits"] == {"train": 27, "val": 9, "test": 0}


def test_all_problems_of_a_request_come_at_once_with_their_places(api):
    wrong = {"dataset": "nothing", "network": "lenett", "epochs": -1, "colour": 3}
    refused = api.post("jobs", json=wrong)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.status_code == 422
    problems = refused.json()["problems"]
    assert [problem["where"] for problem in problems[:2]] == ["epochs", "colour"]
    assert "no dataset 'nothing'" in problems[2]["message"]
    assert "Did you mean lenet" in problems[3]["hint"]
    missing = api.get("jobs/nope").json()
    assert (missing["status"], missing["type"]) == (404, "urn:digits:name-unknown")


def test_what_has_not_changed_is_not_sent_again_nor_changed_behind_ones_back(api):
    seen = api.get("jobs/finished")
    tag = seen.headers["etag"]
    again = api.get("jobs/finished", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    changed = api.patch("jobs/finished", json={"tags": ["baseline"]}, headers={"If-Match": tag})
    assert changed.json()["tags"] == ["baseline"]
    late = api.patch("jobs/finished", json={"tags": []}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert api.get("jobs", params={"tag": "baseline"}).json()["total"] == 1


def test_pictures_are_uploaded_become_a_dataset_and_train_a_model(api, finished, place):
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w") as archive:
        for path in sorted((finished / "pictures").rglob("*.png")):
            archive.write(path, f"all/{path.relative_to(finished / 'pictures')}")
    upload = api.post("uploads", files={"file": ("pictures.zip", pack.getvalue())}).json()
    assert upload["files"] == 36
    asked = {"name": "uploaded", "paths": [f"upload:{upload['id']}"], "width": 16, "height": 16}
    assert api.post("datasets/preview", json=asked).json()["splits"]["train"] == 27
    made = api.post("datasets", json=asked)
    assert made.status_code == 202
    assert made.headers["location"] == f"/api/v1/jobs/{made.json()['job']}"
    assert ended(api, made.json()["job"])["state"] == "done"
    picture = api.get("datasets/uploaded@v0001/pictures/val/0", params={"size": 8})
    assert picture.content[:4] == b"\x89PNG"
    assert "immutable" in picture.headers["cache-control"]
    job = api.post("jobs", json={"dataset": "uploaded", "network": "lenet", "backend": "numpy", "batch": 28}).json()
    assert "batch expects at most the 27" in job["detail"]
    asked = {"dataset": "uploaded", "network": "lenet", "name": "first", "backend": "numpy", "epochs": 1, "batch": 9}
    assert api.post("jobs", json=asked).status_code == 201
    kinds = [kind for _, kind in words(api, "jobs/first/events/stream")]
    assert (kinds[0], kinds[-1]) == ("run-started", "end")
    assert {"validated", "snapshot-saved", "run-finished"} <= set(kinds)
    told = [json.loads(line) for line in (place / "home" / "audit.jsonl").read_text().splitlines()]
    assert {"upload", "create dataset job", "create train job"} <= {line["action"] for line in told}


def test_a_stream_goes_on_where_it_was_broken(api):
    whole = words(api, "jobs/finished/events/stream")
    assert words(api, "jobs/finished/events/stream", whole[4][0]) == whole[5:]


def test_a_model_classifies_is_looked_into_and_is_taken_away(api, finished, tmp_path):
    picture = finished / "pictures" / "red" / "00.png"
    found = api.post("models/finished/classify", json={"images": [str(picture)], "top": 1}).json()
    assert [(item["image"], item["top"][0]["label"]) for item in found["predictions"]] == [(str(picture), "red")]
    sent = api.post("models/finished@best/classify/files", files={"files": ("mine.png", picture.read_bytes())})
    assert [(item["image"], item["top"][0]["label"]) for item in sent.json()["predictions"]] == [("mine.png", "red")]
    shown = {"picture": {"dataset": "colours", "split": "val", "index": 0}, "layers": ["conv*"]}
    layers = api.post("models/finished/inspect", json=shown).json()["layers"]
    assert [layer["name"] for layer in layers] == ["conv1", "conv2"]
    assert "<svg" in (page := api.post("models/finished/inspect/report", json=shown).text) or "<img" in page
    archive = api.get("jobs/finished/archive", params={"form": "zip"})
    assert "model.onnx" in " ".join(zipfile.ZipFile(io.BytesIO(archive.content)).namelist())
    export = api.post("models/finished/exports", json={"format": "onnx", "precision": "fp16"})
    job = api.post("models/finished/evaluate", json={}).json()["job"]
    assert ended(api, job)["state"] == "done"
    assert api.get(f"jobs/{job}/evaluation").json() == api.get(f"jobs/{job}/result").json()
    assert api.get("jobs/finished/evaluation").status_code == 409
    assert (export.status_code, export.headers["location"]) == (202, f"/api/v1/jobs/{export.json()['job']}")
    job = ended(api, export.json()["job"])
    assert (job["kind"], job["state"], job["asked"]) == ("export", "done", "onnx, fp16")
    packed = api.get(f"jobs/{job['job']}/result/file")
    assert "finished-000003-epoch-onnx-fp16.zip" in packed.headers["content-disposition"]
    told = api.get(f"jobs/{job['job']}/result").json()
    assert set(zipfile.ZipFile(io.BytesIO(packed.content)).namelist()) == {told["path"], told["manifest_path"]}


def test_what_takes_long_is_a_job_where_that_is_preferred_and_comes_to_the_same(api, finished):
    picture = str(finished / "pictures" / "red" / "00.png")
    asked = (
        ("POST", "models/finished/classify", {"json": {"images": [picture], "top": 1}}),
        ("GET", "models/finished/top", {"params": {"count": 1}}),
        ("GET", "models/finished/errors", {"params": {"count": 1}}),
        ("POST", "datasets/colours/versions?new_name=mine", {"json": {"change": {"action": "select", "count": 9}}}),
    )
    later = {"Prefer": "wait=10, Respond-Async"}
    begun = [api.request(method, path, headers=later, **rest) for method, path, rest in asked]
    assert [answer.status_code for answer in begun] == [202] * 4, [answer.text for answer in begun]
    assert {answer.headers["preference-applied"] for answer in begun} == {"respond-async"}
    jobs = [ended(api, answer.json()["job"]) for answer in begun]
    assert [job["state"] for job in jobs] == ["done"] * 4, jobs
    assert api.get("jobs", params={"kind": ["top", "version"]}).json()["total"] == 2
    results = [api.get(f"jobs/{job['job']}/result").json() for job in jobs]
    assert results[:3] == [api.request(method, path, **rest).json() for method, path, rest in asked[:3]]
    assert results[3] == api.get("datasets/mine").json()
    assert api.get("datasets/mine/about").json()["owner"] == api.get(f"jobs/{jobs[3]['job']}").json()["owner"] != ""
    refused = api.post("datasets/mine/versions", json={"change": {"action": "merge", "dataset": "nope"}})
    assert refused.status_code == 404 and "no dataset 'nope'" in refused.text
    merged = api.post("datasets/mine/versions", json={"change": {"action": "merge", "dataset": "colours"}})
    assert (merged.status_code, merged.json()["kind"], merged.json()["asked"]) == (202, "version", "merge")
    assert ended(api, merged.json()["job"])["state"] == "done"
    assert api.get("datasets/mine").json()["version"] == "v0002"


def test_files_outside_of_the_roots_are_refused_all_of_them(api, tmp_path):
    (tmp_path / "net.yaml").write_text("secret: 1")
    refused = api.post("jobs", json={"dataset": "colours", "network": str(tmp_path / "net.yaml"), "start": "/etc/x"})
    assert (refused.status_code, len(refused.json()["problems"])) == (403, 2)
    assert "secret" not in refused.text
    refused = api.post("models/finished/classify", json={"images": ["/etc/passwd", "../x.png"]})
    assert (refused.status_code, len(refused.json()["problems"])) == (403, 2)
    assert api.get("networks/net.yaml").status_code == 404
    assert api.post("uploads", files={"file": ("../../x", b"x")}).json()["name"] == "x"


@pytest.mark.parametrize(
    ("name", "content"), [("broken.png", b"\x89PNG\r\n\x1a\n\0\0"), ("words.txt", b"cat.png cat\n")]
)
def test_what_is_no_picture_is_said_to_be_none(api, name, content):
    sent = api.post("models/finished/classify/files", files={"files": (name, content)})
    (found,) = sent.json()["predictions"]
    assert (found["image"], found["top"]) == (name, [])
    assert "is no picture" in found["error"]["message"] or "cannot be read" in found["error"]["message"]
    assert "/tmp" not in sent.text
    upload = api.post("uploads", files={"file": (name, content)}).json()["id"]
    looked = api.post("models/finished/inspect", json={"picture": {"file": f"upload:{upload}"}})
    assert looked.status_code == 422 and "cannot be read" in looked.json()["detail"], looked.text


def test_a_list_reads_nothing_outside_of_the_roots_for_anybody(api, finished, tmp_path):
    outside = tmp_path / "mine.png"
    shutil.copy(finished / "pictures" / "red" / "00.png", outside)
    inside = [f"{path} {path.parent.name}" for path in sorted((finished / "pictures").rglob("*.png"))]
    listed = "\n".join([*inside, f"{outside} red"]).encode()
    upload = f"upload:{api.post('uploads', files={'file': ('mine.txt', listed)}).json()['id']}"
    asked = {"name": "listed", "paths": [upload], "width": 16, "height": 16, "within": ["/"]}
    looked = api.post("datasets/preview", json=asked).json()
    assert [problem["message"] for problem in looked["problems"]] == [
        f"'{outside}' leads out of the folders that may be read."
    ]
    failed = ended(api, api.post("datasets", json=asked).json()["job"])
    assert failed["state"] == "failed" and "leads out" in failed["error"]["message"]
    change = {"change": {"action": "append", "paths": [upload]}}
    failed = ended(api, api.post("datasets/colours/versions", json=change).json()["job"])
    assert failed["state"] == "failed" and "leads out" in failed["error"]["message"]
    found = api.post("models/finished/classify", json={"images": [upload]}).json()["predictions"]
    assert [bool(item.get("error")) for item in found] == [False] * len(inside) + [True]
    assert "leads out" in found[-1]["error"]["message"]


def test_a_harmful_archive_is_refused_and_leaves_nothing(api, place):
    before = sorted((place / "home" / "uploads").iterdir())
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr("../../evil.png", b"x")
    refused = api.post("uploads", files={"file": ("evil.zip", pack.getvalue())})
    assert refused.status_code == 422
    assert "leads out of it" in refused.json()["detail"]
    assert sorted((place / "home" / "uploads").iterdir()) == before


def test_a_request_is_looked_at_before_it_is_made(api):
    plan = api.post(
        "plan", json={"dataset": "colours", "network": "lenet", "batch": 9, "epochs": 2, "colour": 1}
    ).json()
    assert (plan["total_steps"], [problem["where"] for problem in plan["problems"]]) == (6, ["colour"])
    compared = api.get("comparison", params={"job": ["finished"]}).json()
    assert compared["jobs"]


def test_what_is_put_away_can_be_brought_back(api):
    api.post("jobs/finished/clone", json={"changes": {"epochs": 1, "name": "again"}})
    assert ended(api, "again")["epochs"] == 1
    gone = api.delete("jobs/again").json()
    assert api.get("jobs/again").status_code == 404
    assert gone["id"] in [item["id"] for item in api.get("trash").json()["trash"]]
    assert api.post(f"trash/{gone['id']}/restore").json()["name"] == "again"
    assert api.get("jobs/again").json()["state"] == "done"


def test_a_network_that_is_yet_text_is_checked_line_by_line_and_drawn(api):
    text = "name: small\ninput: {channels: 1, height: 8, width: 8}\nlayers:\n- {op: dense, name: out, units: 3}\n"
    assert api.post("networks/check", json={"text": text}).json()["parameters"] == 195
    assert api.post("networks/draw", json={"text": text}).text.startswith("<svg")
    refused = api.post("networks/check", json={"text": text.replace("dense", "danse")}).json()
    assert "network.yaml" in refused["problems"][0]["where"]


@pytest.mark.slow
def test_schemathesis_finds_nothing(api, tmp_path):
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{api.base_url}openapi.json", "--seed", "1", "--max-examples", "2"),
            *("--phases", "examples,coverage", "--continue-on-failure", "--no-color"),
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hostile_requests", "PYTHONPATH": str(HERE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-6000:]
