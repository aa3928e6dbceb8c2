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

from digits_core.service.views.jobs import JobView, SnapshotView
from digits_web.api.examples import ANSWERS
from digits_web.api.jobs import JobsQuery
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
        httpx.Client(base_url=f"{address}/api/v1/", timeout=200) as client,
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


def test_jobs_come_in_the_order_of_the_page_those_without_a_value_last():
    bare = {"state": "done", "backend": "numpy", "devices": (), "network": "lenet", "dataset": "d", "created": ""}
    bare |= {"epoch": 0, "epochs": 0, "step": 0, "total_steps": 0, "best": None, "images_per_second": None}

    def job(name, metrics, best=None):
        kept = SnapshotView(name="s", epoch=1, step=1, metrics=best) if best else None
        return JobView.model_construct(**{**bare, "name": name, "job": name, "metrics": metrics, "best": kept})

    jobs = (
        job("none", {}),
        job("worse", {"val/accuracy": 0.9, "val/loss": 0.2}, {"val/accuracy": 0.6, "val/loss": 0.4}),
        job("better", {"val/accuracy": 0.1, "val/loss": 0.9}, {"val/accuracy": 0.8, "val/loss": 0.3}),
    )
    told = {key: [job.name for job in JobsQuery(sort=key).chosen(jobs)] for key in ("loss", "-loss", "-accuracy")}
    assert told["loss"] == told["-accuracy"] == ["better", "worse", "none"]
    assert told["-loss"] == ["worse", "better", "none"]


def test_datasets_are_found_by_what_is_said_of_them_and_lists_lead_on(api):
    api.patch("datasets/colours", json={"description": "Plain squares.", "tags": ["tiny"]})

    def found(**params):
        return [item["name"] for item in api.get("datasets", params=params).json()["datasets"]]

    assert found(q="squares tiny") == found(tag="tiny", sort="-pictures", q="colours") == ["colours"]
    assert found(tag="huge") == found(owner="nobody") == []
    pictures = api.get("datasets/colours/pictures", params={"size": 20})
    assert pictures.links["next"]["url"].endswith("pictures?size=20&page=1")


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


@pytest.mark.parametrize(
    ("method", "address", "body", "where"),
    [
        ("POST", "models/finished/exports", {"format": "nope"}, "format"),
        ("POST", "models/finished/evaluate", {"dataset": "nope"}, "dataset"),
        ("POST", "models/finished/classify", {"dataset": "nope"}, "dataset"),
        ("POST", "models/finished/inspect", {"picture": {"dataset": "colours"}, "layers": ["nope"]}, "layers"),
        ("POST", "models/finished/inspect", {"picture": {"dataset": "nope"}}, "picture"),
        ("GET", "models/finished/top?dataset=nope", None, "dataset"),
        ("GET", "datasets/colours/pictures?label=nope", None, "label"),
        ("GET", "networks/lenet?dataset=nope", None, "dataset"),
        ("GET", "jobs/finished/archive?snapshot=nope", None, "snapshot"),
        ("POST", "jobs/finished/resume", {"backend": "nope"}, "backend"),
        ("POST", "jobs/finished/clone", {"changes": {"dataset": "nope"}}, "dataset"),
        ("POST", "datasets/colours/versions", {"change": {"action": "exclude", "classes": ["nope"]}}, "change"),
        ("POST", "datasets/colours/versions", {"change": {"action": "exclude"}, "colour": 1}, "colour"),
        ("POST", "datasets/colours/versions", {}, "change"),
        ("POST", "datasets/colours/versions", {"change": {}}, "change.action"),
        ("GET", "jobs?page=-1", None, "page"),
    ],
)
def test_what_a_body_or_a_query_names_wrongly_is_said_where_it_is(api, method, address, body, where):
    refused = api.request(method, address, json=body)
    assert (refused.status_code, [problem["where"] for problem in refused.json()["problems"]]) == (422, [where])


@pytest.mark.parametrize("address", ["models/nope/evaluate", "models/finished@nope/evaluate", "jobs/nope/resume"])
def test_what_an_address_names_wrongly_is_not_found(api, address):
    assert api.post(address, json={}).status_code == 404
    shown = api.get("models/finished")
    assert shown.status_code == 404 and "is a job" in shown.json()["detail"]


@pytest.mark.parametrize(
    ("address", "body", "status", "wrong"),
    [
        (
            "sweep",
            {"request": {"dataset": "nope", "network": "lenett", "epochs": -1}, "rates": [0], "batches": [0]},
            422,
            {"rates.0", "batches.0", "epochs", "dataset", "network"},
        ),
        (
            "datasets",
            {"name": "d", "paths": ["/etc"], "width": -1, "resize": "foo", "colour": 1},
            403,
            {"paths.0", "width", "resize", "colour"},
        ),
        ("jobs", {"dataset": "d", "network": "/etc/n.yaml", "epochs": -1}, 403, {"network", "epochs"}),
        ("jobs/finished/clone", {"changes": {"network": "/etc/n.yaml", "epochs": -1}}, 403, {"network", "epochs"}),
    ],
)
def test_what_one_part_of_a_request_hides_is_told_with_it(api, address, body, status, wrong):
    refused = api.post(address, json=body)
    assert (refused.status_code, {item["where"] for item in refused.json()["problems"]}) == (status, wrong)


@pytest.mark.parametrize(
    ("address", "sent", "status", "told"),
    [
        ("uploads", {"content": b"PK", "headers": {"content-type": "application/zip"}}, 415, "curl -F file=@FILE"),
        ("uploads", {"content": b"PK", "headers": {"content-type": "text/plain"}}, 415, "curl -F file=@FILE"),
        ("uploads", {"files": [("file", ("a", b"x")), ("file", ("b", b"y"))]}, 422, "found 2"),
        ("jobs", {"content": b"a,b", "headers": {"content-type": "text/csv"}}, 415, "found text/csv"),
        (
            "jobs",
            {"content": b'{\n"a": 1,, }', "headers": {"content-type": "application/json"}},
            422,
            "line 2, column 8",
        ),
        ("jobs", {}, 422, "has no body"),
    ],
)
def test_a_body_of_another_form_is_refused_with_what_to_send(api, address, sent, status, told):
    refused = api.post(address, **sent)
    assert refused.status_code == status
    assert told in json.dumps(refused.json()["problems"])


def test_every_job_that_is_not_there_is_named_at_once(api):
    found = api.get("comparison", params={"job": ["nope", "nope2"]}).json()["problems"]
    assert ["nope2" in problem["message"] for problem in found] == [False, True]


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


def test_files_that_are_known_are_not_sent_again_and_heads_have_no_bodies(api):
    tag = api.get("jobs/finished/archive").headers["etag"]
    again = api.get("jobs/finished/archive", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for address in ("jobs/finished", "jobs/finished/events/stream"):
        whole, head = api.get(address), api.head(address)
        assert (head.status_code, head.content, head.headers.get("etag")) == (200, b"", whole.headers.get("etag"))
    refused = api.head("jobs/nope")
    assert (refused.status_code, refused.content) == (404, b"")
    assert api.put("jobs").headers["allow"] == "GET, HEAD, POST"


def test_what_is_said_of_a_job_has_a_tag_that_its_progress_leaves_alone(api):
    about = api.get("jobs/finished/about")
    assert set(about.json()) == {"description", "tags", "owner"}
    tag = about.headers["etag"]
    asked = {"json": {"description": "while it runs"}, "headers": {"If-Match": tag}}
    assert api.patch("jobs/finished", **asked).status_code == 200
    assert api.patch("jobs/finished", **asked).status_code == 412


def test_a_change_is_made_whole_and_written_down_or_not_at_all(api, place):
    def written():
        log = place / "home" / "audit.jsonl"
        return log.read_text().count("change job") if log.exists() else 0

    shutil.copytree(place / "home" / "jobs" / "finished", place / "home" / "jobs" / "taken")
    before, lines = api.get("jobs/finished").json(), written()
    refused = api.patch("jobs/finished", json={"name": "taken", "description": "leaked", "tags": ["leaked"]})
    assert (refused.status_code, api.get("jobs/finished").json(), written()) == (409, before, lines)
    view = api.patch("jobs/taken", json={"name": "free", "description": "both"}).json()
    assert (view["job"], view["description"], written()) == ("free", "both", lines + 1)
    assert api.delete("jobs/free").status_code == 200


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


def timeless(told):
    return {key: value for key, value in told.items() if key != "search_ms"}


def test_pictures_like_another_are_found_wherever_that_is(api, finished):
    upload = api.post("uploads", files={"file": ("mine.png", (finished / "pictures/red/05.png").read_bytes())}).json()
    named = (f"upload:{upload['id']}", str(finished / "pictures" / "red" / "05.png"))
    for file in named:
        found = api.post("models/finished/similar", json={"picture": {"file": file}, "count": 3}).json()
        assert (found["image"], found["split"], found["dataset"], len(found["neighbours"])) == (
            file,
            "train",
            "colours",
            3,
        )
        assert {item["label"] for item in found["neighbours"]} == {"red"}
        assert 1 >= found["neighbours"][0]["similarity"] >= found["neighbours"][2]["similarity"] > 0.9
    wrong = {"picture": {"file": "upload:nope"}, "count": 0, "layer": 3}
    refused = api.post("models/finished/similar", json=wrong)
    wheres = {item["where"].rpartition(".")[2] for item in refused.json()["problems"]}
    assert (refused.status_code, wheres) == (422, {"count", "layer"})
    refused = api.post("models/finished/similar", json={"picture": {"file": "http://127.0.0.1/cat.png"}})
    assert refused.status_code == 422 and "address" in refused.json()["detail"], refused.text
    wrong = {"picture": {"dataset": "colours", "index": 1}, "dataset": "coulors", "layer": "fc9"}
    assert "no dataset 'coulors'" in api.post("models/finished/similar", json=wrong).json()["detail"]


def test_what_takes_long_is_a_job_where_that_is_preferred_and_comes_to_the_same(api, finished):
    picture = str(finished / "pictures" / "red" / "00.png")
    asked = (
        ("POST", "models/finished/classify", {"json": {"images": [picture], "top": 1}}),
        ("GET", "models/finished/top", {"params": {"count": 1}}),
        ("GET", "models/finished/errors", {"params": {"count": 1}}),
        ("POST", "models/finished/similar", {"json": {"picture": {"dataset": "colours", "index": 0}, "count": 2}}),
        ("POST", "datasets/colours/versions?new_name=mine", {"json": {"change": {"action": "select", "count": 9}}}),
    )
    later = {"Prefer": "wait=10, Respond-Async"}
    begun = [api.request(method, path, headers=later, **rest) for method, path, rest in asked]
    assert [answer.status_code for answer in begun] == [202] * 5, [answer.text for answer in begun]
    assert {answer.headers["preference-applied"] for answer in begun} == {"respond-async"}
    jobs = [ended(api, answer.json()["job"]) for answer in begun]
    assert [job["state"] for job in jobs] == ["done"] * 5, jobs
    assert api.get("jobs", params={"kind": ["top", "version"]}).json()["total"] == 2
    results = [api.get(f"jobs/{job['job']}/result").json() for job in jobs]
    for found, (method, path, rest) in zip(results, asked[:4], strict=False):
        assert timeless(found) == timeless(api.request(method, path, **rest).json())
    assert results[4] == api.get("datasets/mine").json()
    assert api.get("datasets/mine/about").json()["owner"] == api.get(f"jobs/{jobs[4]['job']}").json()["owner"] != ""
    refused = api.post("datasets/mine/versions", json={"change": {"action": "merge", "dataset": "nope"}})
    assert refused.status_code == 422 and "no dataset 'nope'" in refused.text
    merged = api.post("datasets/mine/versions", json={"change": {"action": "merge", "dataset": "colours"}})
    assert (merged.status_code, merged.json()["kind"], merged.json()["asked"]) == (202, "version", "merge")
    assert ended(api, merged.json()["job"])["state"] == "done"
    assert api.get("datasets/mine").json()["version"] == "v0002"


def test_a_rate_is_looked_for_by_a_job_and_everything_wrong_is_said_before(api):
    asked = {"dataset": "colours", "network": "lenet", "backend": "numpy", "epochs": 1, "batch": 9}
    refused = api.post("jobs/find-rate", json={**asked, "dataset": "coulors", "network": "lenett"})
    assert (refused.status_code, len(refused.json()["problems"])) == (422, 2), refused.text
    begun = api.post("jobs/find-rate", json={**asked, "devices": "cpu:1"})
    assert (begun.status_code, begun.json()["kind"]) == (202, "rate")
    assert begun.headers["location"] == f"/api/v1/jobs/{begun.json()['job']}"
    assert ended(api, begun.json()["job"])["state"] == "done"
    found = api.get(f"jobs/{begun.json()['job']}/result").json()
    assert found["rates"][0] < found["rate"] < found["lowest"] and len(found["losses"]) == len(found["smoothed"])


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


def test_every_body_and_the_main_answers_have_an_example_that_is_one(api):
    found = api.get("openapi.json").json()
    bodies = [
        (address, media.keys())
        for address, operations in found["paths"].items()
        for operation in operations.values()
        for media in operation.get("requestBody", {"content": {}})["content"].values()
    ]
    assert bodies and [address for address, keys in bodies if not keys & {"example", "examples"}] == []
    for view, example in ANSWERS.items():
        assert found["components"]["schemas"][view.__name__]["examples"] == [example]
        assert view.model_validate(example)


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
        timeout=800,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-6000:]
