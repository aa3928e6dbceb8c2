"""Files that pages and scripts bring: what is kept of them, what is refused, and what is left when somebody leaves."""

import json
import os
import re
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from benchmarks import pages
from digits_web.access.accounts import Accounts
from digits_web.access.person import Role
from tests.web.conftest import server_process, until

pytestmark = pytest.mark.slow

API, NEW, ONE, MANY = "/api/v1/uploads", "/datasets/new", "/jobs/finished?tab=use", "/jobs/finished?tab=use&do=many"
#: Bytes around a file in the form of `form`.
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="brought"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
KIND = "multipart/form-data; boundary=b"
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not tell by /proc")


@pytest.fixture(scope="module")
def place(finished, tmp_path_factory):
    """A home with a job, and an editor and a viewer."""
    home = tmp_path_factory.mktemp("uploads") / "home"
    shutil.copytree(finished / "home", home)
    for name, role in (("ed", Role.EDITOR), ("vera", Role.VIEWER)):
        Accounts(home / "server").add(name, role, f"password of {name}")
    return home


@pytest.fixture(scope="module")
def log(place):
    """What the server says."""
    return place.parent / "log"


@pytest.fixture(scope="module")
def process(place, log):
    """A server whose uploads may have 48 MiB, as a process and its address."""
    with open(log, "w") as stream, server_process(place, "--accounts", "--max-upload", "0.046875", stderr=stream) as it:
        yield it


@pytest.fixture(scope="module")
def people(process):
    """A browser in front of which each has logged in."""
    _, address = process
    headers = {"accept": "text/html", "origin": address, "sec-fetch-site": "same-origin"}
    found = {}
    for name in ("ed", "vera"):
        found[name] = httpx.Client(base_url=address, headers=headers, timeout=200)
        answer = found[name].post("/login", data={"name": name, "password": f"password of {name}"})
        assert answer.status_code == 303
    yield found
    for client in found.values():
        client.close()


def address_of(client, path):
    """Where the page at ``path``, which is opened, takes its files; of the API it is the same."""
    if path == API:
        return path
    return re.search(r"/page-uploads/[-0-9a-f]+/\d+", client.get(path).text)[0]


def bring(client, where, content, **headers):
    """Send one file as a script or the upload of a page does."""
    kind = {"content-type": KIND, "accept": "*/*", **headers}
    return client.post(where, content=content, headers=kind)


def kept(place):
    """The ids of the uploads, and what never became whole."""
    folder = place / "uploads"
    return set(os.listdir(folder)) if folder.is_dir() else set()


def last_audited(place):
    """Who did what last."""
    line = json.loads((place / "audit.jsonl").read_text().splitlines()[-1])
    return line["person"], line["action"], line["what"].partition(" ")[2]


def pieces(mib):
    """The form of a file of so many MiB, whose length is told by nobody."""
    yield HEAD
    for _ in range(mib):
        yield bytes(2**20)
    yield TAIL


def sending(process, client, where, length):
    """A connection on which a form is announced, and nothing of it has been sent yet."""
    goal, cookie = urlsplit(process[1]), client.build_request("GET", "/").headers["cookie"]
    lines = f"POST {where} HTTP/1.1", f"Host: {goal.netloc}", f"Origin: {process[1]}", f"Cookie: {cookie}", length
    tab = socket.create_connection((goal.hostname, goal.port), timeout=200)
    tab.sendall("\r\n".join([*lines, f"Content-Type: {KIND}", "", ""]).encode())
    return tab


def answered(tab):
    """The status of the answer on a connection, and what it says is wrong."""
    text = b"".join(iter(lambda: tab.recv(2**16), b"")).decode()
    return int(text.split()[1]), json.loads(text.partition("\r\n\r\n")[2])["detail"]


def half_sent(process):
    """Files that the server holds for requests that are not whole yet."""
    links = [Path(link.path) for link in os.scandir(f"/proc/{process[0].pid}/fd")]
    return sum(os.readlink(link).endswith("(deleted)") for link in links if link.is_symlink())


@pytest.mark.parametrize("path", [API, MANY])
def test_what_is_brought_is_kept_with_who_brought_it(place, people, path):
    before = kept(place)
    answer = bring(people["ed"], address_of(people["ed"], path), HEAD + b"content" + TAIL)
    (id,) = kept(place) - before
    assert answer.status_code == (201 if path == API else 204)
    assert (place / "uploads" / id / "brought").read_bytes() == b"content"
    assert last_audited(place) == ("ed", "upload", "brought")


@needs_proc
@pytest.mark.parametrize("path", [API, NEW, ONE, MANY])
def test_what_is_too_large_is_refused_whether_or_not_its_length_is_told(place, process, people, log, path):
    before, where = kept(place), address_of(people["ed"], path)
    most, told = ("32.1 MiB", 40_000_000) if path == ONE else ("48.0 MiB", 60_000_000)
    with sending(process, people["ed"], where, f"Content-Length: {told}") as tab:
        assert answered(tab) == (413, f"The request is larger than {most}.")
    # One byte too many: what is not read any more would reset the connection.
    size = (32 * 2**20 + 2**16 if path == ONE else 48 * 2**20) + 1
    with sending(process, people["ed"], where, "Transfer-Encoding: chunked") as tab:
        tab.sendall(b"%x\r\n%b\r\n" % (size, HEAD + bytes(size - len(HEAD))))
        assert answered(tab) == (413, f"The request is larger than {most}.")
    until(lambda: half_sent(process) == 0, "nothing half sent is left")
    assert kept(place) == before
    assert "Traceback" not in log.read_text()


def test_a_file_comes_to_the_page_of_whoever_sends_it_and_may(place, people):
    before, content = kept(place), HEAD + b"content" + TAIL
    of_ed = address_of(people["ed"], MANY)
    assert bring(people["vera"], of_ed, content).status_code == 404
    assert bring(people["ed"], of_ed.replace("page-uploads/", "page-uploads/0"), content).status_code == 404
    assert bring(people["vera"], address_of(people["vera"], MANY), content).status_code == 403
    assert bring(people["vera"], API, content).status_code == 403
    assert kept(place) == before
    # To have a picture classified is for everybody.
    assert bring(people["vera"], address_of(people["vera"], ONE), content).status_code == 204


@needs_proc
@pytest.mark.parametrize("path", [API, NEW, ONE, MANY])
def test_a_tab_that_is_closed_while_it_sends_leaves_nothing(place, process, people, log, path):
    before, where = kept(place), address_of(people["ed"], path)
    with sending(process, people["ed"], where, "Content-Length: 10000000") as tab:
        tab.sendall(HEAD + bytes(3_000_000))
        until(lambda: half_sent(process) == 1, "half a file is there")
    until(lambda: half_sent(process) == 0, "nothing half sent is left")
    assert people["ed"].get("/about").status_code == 200
    assert kept(place) == before
    assert "Traceback" not in log.read_text()


@needs_proc
def test_what_is_brought_is_never_in_memory_as_a_whole(process, people, tmp_path):
    server, _ = process

    def most():
        return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())[1]) / 2**10

    where = address_of(people["ed"], MANY)
    assert bring(people["ed"], where, pieces(1)).status_code == 204
    # Logging in takes more: the most is counted from here on.
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    before = most()
    assert bring(people["ed"], where, pieces(40)).status_code == 204
    assert most() - before < 20


def test_no_page_with_an_upload_outlives_its_visitor(trained, home, claims, page):
    shutil.copytree(claims, home / "cache", dirs_exist_ok=True)
    with pages.serving(home) as server:
        for path in (NEW, "/datasets/colours", "/jobs/new?dataset=colours&network=lenet", ONE, MANY):
            page.goto(server.address + path)
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_load_state("networkidle")
        assert server.held()["clients"]
        page.goto("about:blank")
        until(lambda: not server.held()["clients"], "no page is held")
        until(lambda: not server.held("all")["elements"], "no element is held")
