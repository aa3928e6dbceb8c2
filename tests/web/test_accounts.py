"""Accounts, sessions, roots and limits, without a server; and the commands that belong to them."""

import asyncio
import io
import json
import time

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from digits_core.errors import AccessDenied, SpecInvalid
from digits_web.access.accounts import Accounts
from digits_web.access.guard import Guard
from digits_web.access.identity import TOKEN_PERSON, Credentials, Identities
from digits_web.access.person import Person, Role
from digits_web.access.roots import allowed
from digits_web.access.throttle import Throttle
from digits_web.settings import ServerSettings, read_server_settings


@pytest.fixture
def say(digits, monkeypatch):
    """Run ``digits user WORDS`` with a password on standard input."""

    def call(*words, password=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return digits("user", *words)

    return call


def test_accounts_are_made_listed_changed_and_removed(say, home):
    made = say("add", "ada", "--role", "admin", "--password-stdin", "--json", password="correct horse")
    assert made.status == 0 and made.data["role"] == "admin"
    assert say("add", "ed", "--password-stdin", password="battery staple").status == 0
    assert [user["name"] for user in say("list", "--json").data["users"]] == ["ada", "ed"]
    assert "editor" in say("list").out and "horse" not in (home / "server" / "accounts.json").read_text()
    accounts = Accounts(home / "server")
    assert accounts.verified("ada", "correct horse").role == Role.ADMIN
    assert accounts.verified("ada", "battery staple") is None and accounts.verified("nobody", "") is None
    assert say("password", "ed", "--password-stdin", password="another one").status == 0
    assert accounts.verified("ed", "another one") and not accounts.verified("ed", "battery staple")
    token = say("token", "ed").out.strip()
    identities = Identities(ServerSettings(accounts=True), home / "server")
    assert identities.person(Credentials(token, "", "")).name == "ed"
    assert say("role", "ed", "viewer").status == 0 and identities.person(Credentials(token, "", "")) is None
    assert say("role", "ed", "viewer").status == 0 and accounts.find("ed").role == Role.VIEWER
    assert say("remove", "ed").status == 0 and accounts.find("ed") is None


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (("add", "ada", "--password-stdin"), "short", "too short"),
        (("add", "../ada", "--password-stdin"), "long enough", "cannot be the name"),
        (("add", "ada", "--role", "root", "--password-stdin"), "long enough", "viewer"),
        (("add", "ada"), "", "--password-stdin"),
        (("remove", "nobody"), "", "no account"),
        (("password", "nobody", "--password-stdin"), "long enough", "no account"),
    ],
)
def test_what_cannot_be_an_account_is_refused(say, home, words, password, said):
    answer = say(*words, password=password)
    assert answer.status == 2 and said in answer.err, answer
    assert not (home / "server" / "accounts.json").exists()


def test_an_account_is_made_once(say):
    assert say("add", "ada", "--password-stdin", password="correct horse").status == 0
    assert "There is an account" in say("add", "ada", "--password-stdin", password="another one").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), ("--token auto",)),
        (("--prefix", "/digits"), ("reverse proxy", "--token")),
        (("--prefix", "digits/"), ("prefix",)),
        (("--port", "99999"), ("port",)),
        (("--host", "no.such.host.invalid"), ("no address",)),
        (("--root", "/no/such/folder"), ("/no/such/folder",)),
        (("--tls-cert", "/no/such.pem"), ("--tls-key",)),
        (("--tls-cert", "/no/such.pem", "--tls-key", "/no/key.pem"), ("cannot be used",)),
        (("--token", "zwei Wörter"), ("token",)),
        (("--host", "0.0.0.0", "--root", "/no/such/folder", "--tls-key", "/x"), ("0.0.0.0", "/no/such", "--tls-cert")),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_server_that_cannot_be_is_refused_with_every_problem(digits, home, words, said):
    answer = digits("serve", *words)
    assert answer.status == 2 and answer.out == "" and not home.exists()
    assert all(words in answer.err for words in said), answer.err
    assert json.loads(digits("serve", *words, "--json").out)["error"]["problems"]


def test_a_taken_port_is_told(digits):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = digits("serve", "--port", str(taken.getsockname()[1]))
    assert answer.status == 2 and "--port 0" in answer.err


def test_a_session_ends_in_time_and_with_what_it_was_begun_by(tmp_path):
    def identities(**settings):
        return Identities(ServerSettings(**settings), tmp_path)

    short = identities(token="one", session_hours=1 / 3600 / 5)
    secret = short.begin_by_token()
    by_cookie = Credentials("", secret, "127.0.0.1")
    assert short.person(by_cookie) == TOKEN_PERSON
    assert identities(token="one").person(by_cookie) == TOKEN_PERSON
    assert identities(token="two").person(by_cookie) is None
    assert identities(accounts=True).person(by_cookie) is None
    time.sleep(0.25)
    assert short.person(by_cookie) is None
    assert secret not in (tmp_path / "sessions.json").read_text()


def test_sessions_of_accounts_are_for_servers_with_accounts(tmp_path):
    asking = Identities(ServerSettings(accounts=True), tmp_path)
    asking.accounts.add("ed", Role.EDITOR, "ed-makes-jobs")
    credentials = Credentials("", asking.begin_by_password("ed", "ed-makes-jobs"), "")
    assert asking.person(credentials) == Person("ed", Role.EDITOR)
    assert Identities(ServerSettings(token="one"), tmp_path).person(credentials) is None
    asking.accounts.remove("ed")
    assert asking.person(credentials) is None


def test_editors_change_their_own_and_admins_everything():
    ed, ada, vera = Person("ed", Role.EDITOR), Person("ada", Role.ADMIN), Person("vera", Role.VIEWER)
    ed.require_change("job x", "ed")
    ada.require_change("job x", "ed")
    for person, owner in ((ed, "ada"), (ed, ""), (ed, None), (vera, "vera")):
        with pytest.raises(AccessDenied):
            person.require_change("job x", owner)


def test_a_path_leads_into_the_roots_or_nowhere(tmp_path):
    root, secret = tmp_path / "root", tmp_path / "secret"
    (root / "in").mkdir(parents=True)
    secret.mkdir()
    (root / "out").symlink_to(secret)
    (root / "round").symlink_to(root / "in")
    (root / "loop").symlink_to(root / "loop")
    (tmp_path / "root2").mkdir()
    assert allowed(root / "round", [root]) == root / "in"
    assert allowed(f"{root}/in/../in", [root]) == root / "in"
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    assert allowed(linked / "in", [linked]) == root / "in"
    for path in (root / "out", root / "out" / "x", f"{root}/../secret", secret, "in", "", "~", f"{root}2", f"{root}/\0",
                 f"{root}/in/../../secret"):  # fmt: skip
        with pytest.raises(AccessDenied):
            allowed(path, [root])
    with pytest.raises(AccessDenied, match="upload"):
        allowed(root, [])


def test_a_body_that_hides_its_length_is_cut_off_where_it_is_too_long(tmp_path):
    app, settings = FastAPI(), ServerSettings(most_upload_bytes=1000)
    app.add_middleware(Guard, settings=settings, identities=Identities(settings, tmp_path))

    @app.post("/api/v1/uploads")
    async def upload(request: Request) -> int:
        return len(await request.body())

    async def pieces(count):
        for _ in range(count):
            yield b"0" * 100

    async def status(count):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"content-type": "application/zip"}
            return (await client.post("/api/v1/uploads", content=pieces(count), headers=headers)).status_code

    assert asyncio.run(status(10)) == 200
    assert asyncio.run(status(11)) == 413


def test_failures_count_for_a_minute_and_by_key():
    now = [0.0]
    throttle = Throttle(2, 60.0, lambda: now[0], keys=3)
    for _ in range(2):
        assert throttle.wait_s("a") == 0
        throttle.failed("a")
    assert throttle.wait_s("a") == 60 and throttle.wait_s("b") == 0
    now[0] = 61
    assert throttle.wait_s("a") == 0
    for key in "bcd":
        throttle.failed(key)
    throttle.failed("a")
    assert throttle.wait_s("a") == 0


def test_settings_know_whether_somebody_is_asked():
    assert read_server_settings({"port": 0}).is_open
    assert not read_server_settings({"port": 0, "host": "0.0.0.0", "accounts": True}).is_open
    with pytest.raises(SpecInvalid):
        read_server_settings({"colour": "red"})
