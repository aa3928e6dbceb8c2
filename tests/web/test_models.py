"""Models of other systems and archives, over HTTP and on the page."""

import io
import zipfile
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import safetensors.numpy

from digits_core.service.digits import Digits
from digits_web.access.accounts import Accounts
from digits_web.access.person import Role
from digits_web.access.sessions import Sessions
from tests.web.conftest import FOREIGN, NETWORK, audited, serving


@pytest.fixture
def people(home, foreign):
    """Clients of a server that may read the folder with the files, for a viewer, two editors and an admin."""
    accounts, sessions = Accounts(home / "server"), Sessions(home / "server")
    with serving(home, "--accounts", "--root", str(foreign)) as address:
        found = {}
        for name, role in (("vera", Role.VIEWER), ("ed", Role.EDITOR), ("otto", Role.EDITOR), ("ada", Role.ADMIN)):
            accounts.add(name, role, "long enough for all")
            token = sessions.begin(name, accounts.get(name).stamp, 1)
            headers = {"authorization": f"Bearer {token}"}
            found[name] = httpx.Client(base_url=f"{address}/api/v1/", timeout=200, headers=headers)
        yield SimpleNamespace(**found)
        for client in found.values():
            client.close()


def upload(client, name, content):
    return f"upload:{client.post('uploads', files={'file': (name, content)}).json()['id']}"


def problems(answer):
    return [(item["where"], item["message"]) for item in answer.json()["problems"]]


def test_scripts_import_use_check_and_put_away_a_model(trained, people, foreign, home):
    ed, vera = people.ed, people.vera
    brought = upload(ed, "weights.caffemodel", (foreign / "weights.caffemodel").read_bytes())
    asked = {"name": "zoo", "paths": [str(foreign / "deploy.prototxt"), brought], "labels": str(foreign / "labels.txt")}
    assert vera.post("models", json=asked).status_code == 403
    made = ed.post("models", json={**asked, "mean": str(foreign / "mean.binaryproto")})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/models/zoo"), made.text
    assert made.json() == vera.get("models/zoo").json() == Digits(home).model("zoo").to_dict()
    assert made.json()["files"] == ["deploy.prototxt", "weights.caffemodel"] and "mean" in made.json()
    assert audited(home, 2)[-1]["action"] == "import model"
    picture = (trained / "green" / "00.png").read_bytes()
    found = vera.post("models/zoo/classify/files", files={"files": ("one.png", picture)}).json()
    assert found["predictions"][0]["top"][0]["label"] == "green"

    for form, name in (("zip", "zoo.zip"), ("tar.gz", "zoo.tar.gz")):
        packed = vera.get("models/zoo/archive", params={"form": form}).content
        archive = {"file": upload(ed, name, packed)}
        shown, checked = (vera.post(f"archives/{what}", json=archive) for what in ("show", "verify"))
        assert shown.status_code == checked.status_code == 200, (shown.text, checked.text)
        assert (shown.json()["file"], shown.json()["labels"]) == (name, ["blue", "green", "red"])
        assert checked.json()["passed"] and checked.json()["digest"] == shown.json()["digest"]
    network = vera.post("networks/import", json={"text": NETWORK}).json()
    assert "$classes" in network["text"] and network["name"] == "brightest"

    assert [client.delete("models/zoo").status_code for client in (vera, people.otto)] == [403, 403]
    assert ed.delete("models/zoo", headers={"If-Match": '"other"'}).status_code == 412
    gone = ed.delete("models/zoo").json()
    assert vera.get("models/zoo").status_code == 404
    assert [who.post(f"trash/{gone['id']}/restore").status_code for who in (people.otto, ed)] == [403, 200]
    assert vera.get("models").json()["models"] == [made.json()]


def test_what_is_wrong_with_an_import_is_told_at_once_and_nothing_is_made(people, foreign, home, tmp_path):
    ed, whole = people.ed, {"name": "zoo", "paths": [str(foreign / name) for name in FOREIGN]}
    (tmp_path / "secret.txt").write_text("secret")
    wrong = ed.post("models", json={**whole, "width": 0, "height": 16, "normalization": "odd", "name": "a b"})
    assert wrong.status_code == 422 and {where for where, _ in problems(wrong)} == {"name", "normalization", "width"}
    outside = {"paths": ["/etc/passwd", "upload:0123456789abcdef"], "labels": str(tmp_path / "secret.txt")}
    refused = ed.post("models", json={**whole, **outside, "network": "/etc/net.yaml", "resize": "odd"})
    places = [where for where, _ in problems(refused)]
    assert places == ["paths.0", "paths.1", "labels", "network", "resize"] and "secret" not in refused.text.replace(
        "secret.txt", ""
    )
    refused = ed.post("models", json={**whole, "paths": ["/etc/passwd"]})
    assert refused.status_code == 403
    broken = upload(ed, "weights.caffemodel", b"no weights")
    refused = ed.post("models", json={**whole, "paths": [whole["paths"][0], broken]})
    assert refused.status_code == 422 and "weights.caffemodel" in refused.text and str(home) not in refused.text
    code, odd = upload(ed, "net.py", b"raise SystemExit"), safetensors.numpy.save({"fc.weight": np.ones((3, 768))})
    refused = ed.post("models", json={**whole, "paths": [upload(ed, "w.safetensors", odd)], "network": code})
    assert refused.status_code == 422 and "net.py" in refused.text and str(home) not in refused.text
    assert ed.post("models", json=whole).status_code == 201
    taken = ed.post("models", json={**whole, "labels": str(foreign / "none.txt")})
    assert [where for where, _ in problems(taken)] == ["name", "labels"]
    assert people.ada.post("models", json=whole).status_code == 409
    assert Digits(home).home.model_names() == ("zoo",)


def test_a_damaged_archive_is_refused_and_one_that_computes_something_else_fails(trained, people, home, tmp_path):
    ed, path = people.ed, tmp_path / "finished.zip"
    Digits(home).make_archive("finished", path)
    content = path.read_bytes()
    torn = upload(ed, "finished.tar.gz", content[: len(content) // 2])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data.replace(b"blue", b"bleu") if name == "labels.txt" else data)
    changed = upload(ed, "finished.zip", pack.getvalue())
    for file in (torn, changed):
        for what in ("show", "verify"):
            refused = people.vera.post(f"archives/{what}", json={"file": file})
            assert refused.status_code == 422 and "is refused" in refused.text and str(home) not in refused.text
    assert "another SHA-256" in refused.text
    outside = people.vera.post("archives/show", json={"file": str(path)})
    assert outside.status_code == 403 and [where for where, _ in problems(outside)] == ["file"]
    absent = people.vera.post("archives/verify", json={"file": "upload:0123456789abcdef"})
    assert absent.status_code == 422 and "There is no upload" in absent.text


def is_imported(page, server, foreign, digits):
    """What is wrong is told at the fields; then the page of the model says what it is."""
    page.goto(f"{server}/models")
    page.get_by_text("No imported models yet").wait_for()
    page.get_by_role("button", name="Import a model").click()
    page.get_by_role("heading", name="Import a model").wait_for()
    page.get_by_label("Name", exact=True).fill("finished")
    page.get_by_label("Network", exact=True).fill("/etc/net.yaml")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("is not in a folder that this server may read").wait_for()
    page.get_by_role("group", name="Files").get_by_text("Bring at least one.").wait_for()
    page.get_by_label("Network", exact=True).fill("")
    places = page.locator("input[type=file]")
    places.nth(0).set_input_files([foreign / name for name in FOREIGN])
    page.get_by_text("weights.caffemodel", exact=True).wait_for()
    page.get_by_role("button", name="Browse for names of the classes").click()
    page.get_by_role("dialog").get_by_text("labels.txt").click()
    page.get_by_text(str(foreign / "labels.txt")).wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("A job 'finished' exists already. Choose another name.").wait_for()
    page.get_by_label("Name", exact=True).fill("zoo")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("cell", name="3: blue, green, red").wait_for()
    page.wait_for_url(f"{server}/models/zoo")
    assert digits.model("zoo").labels == ("blue", "green", "red")


def is_used(page, pictures, digits):
    """It classifies what is brought and what a dataset has, shows its layers, and is scored."""
    page.get_by_role("tab", name="Use").click()
    page.get_by_text("Show visualisations and statistics").click()
    page.locator("input[type=file]").first.set_input_files(pictures / "green" / "00.png")
    page.get_by_role("list", name="Guesses").get_by_text("green").wait_for()
    page.locator("#layer-conv1").get_by_role("img", name="kernel: ", exact=False).wait_for()
    page.get_by_text("Show visualisations and statistics").click()
    page.get_by_role("button", name="A sample").click()
    page.get_by_text(": right").wait_for()
    page.get_by_role("tab", name="Evaluation").click()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    page.get_by_text("100.00 %").first.wait_for()
    assert digits.evaluation("evaluation-zoo").dataset == "colours"


def is_packed_and_checked(page, server, place):
    """Its archive is told whole on the page for archives; one that is torn is refused."""
    page.get_by_role("tab", name="Take away").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download archive as zip").click()
    assert download.value.suggested_filename == "zoo.zip"
    archive = place / "zoo.zip"
    download.value.save_as(archive)
    page.goto(f"{server}/models")
    page.get_by_label("Search models").fill("brightest green")
    page.get_by_role("link", name="zoo").wait_for()
    page.get_by_role("button", name="Check an archive").click()
    page.locator("input[type=file]").set_input_files(archive)
    page.get_by_role("cell", name="3: blue, green, red").wait_for()
    page.get_by_text("It computes what it says.").wait_for()
    page.get_by_role("button", name="Remove zoo.zip").click()
    archive.write_bytes(archive.read_bytes()[:-100])
    page.locator("input[type=file]").set_input_files(archive)
    page.get_by_role("alert").get_by_text("Archive zoo.zip is refused").wait_for()


def is_put_away_and_back(page, server, digits):
    """From its own page, and from the table."""
    page.goto(f"{server}/models/zoo")
    page.get_by_role("button", name="Discard").click()
    page.get_by_text("zoo is in the trash.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("cell", name="3: blue, green, red").wait_for()
    page.goto(f"{server}/models")
    page.get_by_role("checkbox", name="Choose zoo").click()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("1 model moved to the trash").wait_for()
    assert digits.models() == ()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="zoo").wait_for()
    page.goto(f"{server}/models/nothing")
    page.get_by_text("There is no model 'nothing'").wait_for()


@pytest.fixture
def server(home, foreign):
    """The address of a server that may read the folder with the files."""
    with serving(home, "--root", str(foreign)) as address:
        yield address


@pytest.mark.slow
def test_a_model_is_imported_used_packed_checked_and_put_away_on_the_page(
    trained, foreign, home, server, page, tmp_path
):
    digits = Digits(home)
    is_imported(page, server, foreign, digits)
    is_used(page, trained, digits)
    is_packed_and_checked(page, server, tmp_path)
    is_put_away_and_back(page, server, digits)
