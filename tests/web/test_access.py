"""Who may come in, and from where: real requests to real servers."""

import contextlib
import json
import re
import shutil
import ssl
import subprocess

import httpx
import pytest
from websockets.sync.client import connect

from digits_web.access.accounts import Accounts
from digits_web.access.person import Role
from tests.web.conftest import serving

TOKEN = "a-token-that-nobody-guesses"
PASSWORDS = {"vera": "vera-looks-on", "ed": "ed-makes-jobs", "ada": "ada-may-it-all"}
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    """A server on loopback that asks nobody."""
    with serving(tmp_path_factory.mktemp("open")) as address:
        yield address


@pytest.fixture(scope="module")
def closed_home(tmp_path_factory):
    """A home with an account of each role."""
    home = tmp_path_factory.mktemp("closed")
    for (name, password), role in zip(PASSWORDS.items(), Role, strict=True):
        Accounts(home / "server").add(name, role, password)
    return home


@pytest.fixture(scope="module")
def closed_server(closed_home):
    """A server that asks for a token, or for a name and password; uploads of at most 1 MiB; below a prefix."""
    words = ("--accounts", "--max-upload", "0.001", "--prefix", "/box/digits", "--allow-host", "digits.example.org")
    with serving(closed_home, *words, DIGITS_TOKEN=TOKEN) as address:
        yield address


def browser(address, **options):
    """What keeps cookies and says who sends it, as browsers do."""
    origin = "/".join(address.split("/")[:3])
    return httpx.Client(
        base_url=address, headers={**HTML, "origin": origin, "sec-fetch-site": "same-origin"}, **options
    )


@contextlib.contextmanager
def logged_in(address, name):
    """A browser in front of which an account has logged in."""
    with browser(address) as client:
        answer = client.post("/login", data={"name": name, "password": PASSWORDS[name]})
        assert answer.status_code == 303 and "set-cookie" in answer.headers, answer.text
        yield client


def problem(answer):
    """The words of a refusal to a script."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.json()["detail"]


@contextlib.contextmanager
def socket(address, path=SOCKET, **headers):
    """A websocket to the pages."""
    with connect(f"ws{address.removeprefix('http')}{path}", additional_headers=headers) as opened:
        yield opened


def refused_socket(address, **headers):
    """The status with which a websocket is not opened."""
    asked = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    return httpx.get(
        f"{address}{SOCKET}", headers={**asked, "sec-websocket-key": "A" * 22 + "==", **headers}
    ).status_code


def test_whoever_sits_at_the_machine_comes_in_at_once(open_server):
    answer = httpx.get(open_server, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    with socket(open_server, Origin=open_server) as opened:
        assert opened.recv().startswith("0{")


def test_a_name_that_somebody_else_leads_here_is_refused(open_server):
    port = open_server.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "10.0.0.7", ""):
        assert httpx.get(open_server, headers={"host": host}).status_code in (400, 421), host
        assert refused_socket(open_server, Host=host) in (400, 403), host
    for host in ("localhost:8080", "[::1]:5000", f"127.0.0.1:{port}"):
        assert httpx.get(open_server, headers={"host": host}).status_code == 200, host


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_another_site_changes_nothing(open_server, headers):
    answer = httpx.post(f"{open_server}/api/v1/jobs", json={}, headers=headers)
    assert answer.status_code == 403 and "another site" in problem(answer)
    if "origin" in headers:
        assert refused_socket(open_server, Origin=headers["origin"]) == 403


def test_another_site_follows_links_here_and_embeds_nothing(open_server):
    site = {"sec-fetch-site": "cross-site"}
    assert httpx.get(open_server, headers={**HTML, **site, "sec-fetch-mode": "navigate"}).status_code == 200
    assert httpx.get(open_server, headers={**site, "sec-fetch-mode": "no-cors"}).status_code == 403


def test_an_open_server_is_not_reached_through_a_proxy(open_server):
    answer = httpx.get(open_server, headers={"x-forwarded-for": "203.0.113.9"})
    assert answer.status_code == 403 and "--token" in answer.json()["problems"][0]["hint"]


def test_forms_and_plain_text_are_no_requests_to_the_api(open_server):
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = httpx.post(f"{open_server}/api/v1/jobs", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415 and "application/json" in answer.json()["problems"][0]["hint"]


def test_whoever_brings_nothing_is_asked(closed_server):
    page = httpx.get(f"{closed_server}/jobs/7?tab=log", headers=HTML)
    assert page.status_code == 303 and page.headers["location"] == "/box/digits/login?next=/jobs/7%3Ftab%3Dlog"
    script = httpx.get(f"{closed_server}/api/v1/jobs")
    assert script.status_code == 401 and script.headers["www-authenticate"] == "Bearer" and problem(script)
    assert refused_socket(closed_server) == 403
    assert httpx.get(f"{closed_server}/_nicegui_ws/socket.io/?EIO=4&transport=polling").status_code == 401
    form = httpx.get(f"{closed_server}/login").text
    assert "/_nicegui" not in form and form.count("<form") == 2


def test_the_token_comes_in_as_a_header_or_once_as_an_address(closed_server):
    home, bearer = f"{closed_server}/", {"authorization": f"Bearer {TOKEN}"}
    assert httpx.get(home, headers=bearer).status_code == 200
    wrong = httpx.get(home, headers={"authorization": "Bearer nonsense"})
    assert wrong.status_code == 401 and "wrong" in problem(wrong)
    with browser(closed_server) as client:
        answer = client.get("/login", params={"token": TOKEN, "next": "/about"})
        assert answer.status_code == 303 and answer.headers["location"] == "/box/digits/about"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie and "path=/box/digits" in cookie
        assert TOKEN not in cookie
        assert client.get("/").status_code == 200


def test_the_way_back_leads_to_this_server(closed_server):
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"):
        with browser(closed_server) as client:
            answer = client.get("/login", params={"token": TOKEN, "next": elsewhere})
            assert answer.headers["location"].startswith("/box/digits/"), elsewhere


def test_a_role_bounds_what_may_be_done(closed_server):
    for name, expected in (("vera", 403), ("ed", 404), ("ada", 404)):
        with logged_in(closed_server, name) as client:
            assert client.get("/").status_code == 200
            assert client.post("/api/v1/no-such", json={}).status_code == expected, name
            assert client.post("/api/v1/no-such/classify", json={}).status_code == 404


def test_logging_out_ends_the_session_and_its_websockets(closed_server):
    with logged_in(closed_server, "ed") as client:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        client.get("/logout", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
        with socket(closed_server, **headers) as opened:
            assert opened.recv().startswith("0{")
            assert client.get("/logout").headers["location"] == "/box/digits/login"
            opened.send("40")
            with pytest.raises(Exception, match="4401"):
                opened.recv(timeout=60)
        assert refused_socket(closed_server, **headers) == 403
        assert httpx.get(f"{closed_server}/", headers={**HTML, **headers}).status_code == 303


def test_another_password_or_role_ends_sessions(closed_server, closed_home):
    accounts = Accounts(closed_home / "server")
    for change in (lambda: accounts.set_password("ed", PASSWORDS["ed"]), lambda: accounts.set_role("ed", Role.EDITOR)):
        accounts.set_role("ed", Role.ADMIN)
        with logged_in(closed_server, "ed") as client:
            assert client.get("/").status_code == 200
            change()
            assert client.get("/").status_code == 303
    assert httpx.get(f"{closed_server}/login").status_code == 200


def test_an_upload_that_is_too_large_is_cut_off(closed_server):
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/zip"}
    told = httpx.post(f"{closed_server}/api/v1/uploads", content=b"0" * 2**21, headers=headers)
    assert (told.status_code, problem(told)) == (413, "The request is larger than 1.0 MiB.")
    small = httpx.post(f"{closed_server}/api/v1/uploads", content=b"0", headers=headers)
    assert small.status_code == 415  # It is no form, which has been looked at.


def test_pages_stand_below_the_prefix_whatever_the_proxy_makes_of_it(closed_server):
    bearer = {"authorization": f"Bearer {TOKEN}", "host": "digits.example.org", "x-forwarded-prefix": "/evil"}
    bare = closed_server.removesuffix("/box/digits")
    for address in (f"{closed_server}/", f"{bare}/"):
        text = httpx.get(address, headers=bearer).text
        assert "/box/digits/_nicegui/" in text and "/evil" not in text
        script = re.search(r'src="(/box/digits/_nicegui/[^"]+\.js)"', text)[1]
        assert httpx.get(bare + script, headers=bearer).status_code == 200
    assert httpx.get(f"{bare}{SOCKET.replace('websocket', 'polling')}", headers=bearer).status_code == 200
    with socket(bare, **{"Authorization": bearer["authorization"]}) as opened:
        assert opened.recv().startswith("0{")
    foreign = httpx.post(f"{bare}/api/v1/x", json={}, headers={**bearer, "origin": "https://digits.example.org"})
    assert foreign.status_code == 404


def test_who_was_let_in_is_written_down(closed_server, closed_home):
    with logged_in(closed_server, "vera"):
        pass
    lines = [json.loads(line) for line in (closed_home / "audit.jsonl").read_text().splitlines()]
    assert lines[-1] | {"time": ""} == {
        "time": "", "person": "vera", "role": "viewer", "action": "log in", "what": "127.0.0.1"
    }  # fmt: skip
    kept = closed_home / "server"
    assert kept.stat().st_mode & 0o077 == 0
    text = "".join(path.read_text() for path in kept.glob("*.json"))
    assert TOKEN not in text and not any(password in text for password in PASSWORDS.values())


def test_guessing_is_slowed_down(closed_home):
    with serving(closed_home, "--accounts", DIGITS_TOKEN=TOKEN) as address, browser(address) as client:
        answers = [client.post("/login", data={"token": f"guess {number}"}).status_code for number in range(12)]
        assert answers == [401] * 10 + [429] * 2
        late = client.post("/login", data={"name": "ed", "password": PASSWORDS["ed"]})
        assert late.status_code == 429 and 1 <= int(late.headers["retry-after"]) <= 61
        assert httpx.get(address, headers={"authorization": "Bearer nonsense"}).status_code == 429
        assert httpx.get(address, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")
def test_tls_and_its_cookies(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*command, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    words = ("--tls-cert", str(certificate), "--tls-key", str(key))
    context = ssl.create_default_context(cafile=certificate)
    with serving(tmp_path / "home", *words, DIGITS_TOKEN=TOKEN) as address, browser(address, verify=context) as client:
        assert address.startswith("https://")
        answer = client.post("/login", data={"token": TOKEN})
        assert answer.status_code == 303 and "secure" in answer.headers["set-cookie"].lower()
        assert "max-age" in answer.headers["strict-transport-security"]
        assert client.get("/").status_code == 200
