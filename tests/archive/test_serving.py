"""`digits archive serve` as clients meet it: a real process, a real port."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from digits_core.cli.main import run
from digits_core.service.digits import Digits
from digits_core.service.serving import MOST_BODY_BYTES, PLACES
from digits_core.service.uploads import UploadWrong, uploads

pytest.importorskip("uvicorn", reason="what serves is not installed here")
TOKEN = "0123456789abcdef-token"


class Client:
    """What a client gets."""

    def __init__(self, url, token=""):
        self.url, self.headers = url, {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, path, data=None, method=None, **headers):
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, {**self.headers, **named}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()


@contextmanager
def _serving(packed, **environment):
    command = [sys.executable, "-m", "digits_core.cli.start", "archive", "serve", str(packed), "--port", "0", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )
    try:
        lines = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        yield process, json.loads("".join(lines))["url"]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def client(packed):
    with _serving(packed) as (process, url):
        yield Client(url)
        # A request that is worked on is still answered, and the end is no error.
        process.send_signal(signal.SIGTERM)
        assert process.wait(200) == 0, process.stderr.read()


@pytest.fixture
def image(finished):
    return finished / "pictures" / "red" / "00.png"


def _multipart(*files):
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="images"; filename="%s"\r\n\r\n%s\r\n' % (name, data)
        for name, data in files
    ]
    return b"".join(parts) + b"--edge--\r\n", "multipart/form-data; boundary=edge"


def test_a_picture_is_answered_as_classify_answers(client, packed, image):
    status, body = client("/v1/classify?top=2", image.read_bytes())
    view = Digits().classify(str(packed), [image], top=2)
    assert status == 200
    (prediction,) = json.loads(body)["predictions"]
    assert [guess["label"] for guess in prediction["top"]] == [guess.label for guess in view.predictions[0].top]
    for found, guess in zip(prediction["top"], view.predictions[0].top, strict=True):
        assert found["probability"] == pytest.approx(guess.probability, abs=1e-6)


def test_several_pictures_come_as_a_form_and_keep_their_names(client, image):
    body, kind = _multipart(
        (b"a.png", image.read_bytes()), (b"text.png", b"no picture\r\n--edg"), (b"b.png", image.read_bytes())
    )
    status, answer = client("/v1/classify", body, Content_Type=kind)
    predictions = json.loads(answer)["predictions"]
    assert status == 200 and [found["image"] for found in predictions] == ["a.png", "text.png", "b.png"]
    assert "cannot be read" in predictions[1]["error"]["message"]
    assert predictions[0]["top"] == predictions[2]["top"]


def test_what_is_no_picture_is_refused_in_words(client):
    assert client("/v1/classify", b"no picture")[0] == 400
    for data, query in ((b"", ""), (b"x", "?top=0"), (b"x", "?top=x")):
        status, body = client(f"/v1/classify{query}", data, method="POST")
        assert status == 400 and json.loads(body)["error"]["message"]
    assert client("/nowhere")[0] == 404 and client("/v1/classify")[0] == 405


def test_health_information_and_counts(client, image):
    assert json.loads(client("/health")[1]) == {"status": "ok", "model": "finished@000003-epoch"}
    info = json.loads(client("/v1")[1])
    assert info["labels"] == ["blue", "green", "red"] and info["license"] == "MIT" and "file" not in info
    client("/v1/classify", image.read_bytes())
    text = client("/metrics")[1].decode()
    assert 'digits_requests_total{path="/v1/classify",status="200"}' in text
    assert "# TYPE digits_pictures_total counter" in text and "digits_requests_busy 0" in text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client):
    connection = http.client.HTTPConnection(client.url.removeprefix("http://"), timeout=120)
    connection.putrequest("POST", "/v1/classify")
    connection.putheader("Content-Length", str(MOST_BODY_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_without_a_length_is_bounded_too(client):
    chunk = bytes(2**20)
    connection = http.client.HTTPConnection(client.url.removeprefix("http://"), timeout=120)
    try:
        connection.request(
            "POST",
            "/v1/classify",
            (chunk for _ in range(40)),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked"},
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it had enough
    finally:
        connection.close()
    assert client("/health")[0] == 200


def test_more_requests_than_places_are_asked_to_come_again(client, image):
    host, port = client.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=120) for _ in range(PLACES)]
    try:
        for connection in slow:
            connection.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        _wait_until(lambda: f"digits_requests_busy {PLACES}" in client("/metrics")[1].decode())
        assert client("/v1/classify", image.read_bytes())[0] == 503
        assert client("/health")[0] == 200
    finally:
        for connection in slow:
            connection.close()
    _wait_until(lambda: client("/v1/classify", image.read_bytes())[0] == 200)


def _wait_until(done):
    ticks = threading.Event()
    for _ in range(200):
        if done():
            return
        ticks.wait(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_page_that_calls_itself_this_machine_learns_nothing(client):
    assert client("/v1", Host="evil.example:80")[0] == 403
    assert client("/v1", Host="[::1")[0] == 403


def test_with_a_token_nobody_else_is_answered(packed, image):
    with _serving(packed, DIGITS_TOKEN=TOKEN) as (process, url):
        for token, status in (("", 401), (TOKEN[:-1], 401), (TOKEN, 200)):
            assert Client(url, token)("/v1/classify", image.read_bytes())[0] == status
        assert Client(url)("/health")[0] == 200 and Client(url)("/metrics")[0] == 401
        process.send_signal(signal.SIGINT)
        assert process.wait(200) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "token is expected"),
        (("--host", "192.0.2.1", "--token", "short"), "at least 16"),
    ],
)
def test_others_are_not_answered_without_a_token(packed, arguments, words, capsys):
    assert run(["archive", "serve", str(packed), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(packed, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["archive", "serve", str(packed), "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot be listened on" in capsys.readouterr().err


def test_parts_of_a_form_are_taken_apart_to_the_byte():
    data = b"\r\n--edge-not\r\n\x00\r\n"
    body, kind = _multipart((b"a.png", data))
    assert uploads(kind, body) == [("a.png", data)]
    for wrong in (body[:-8], b"", b"--edge--"):
        with pytest.raises(UploadWrong):
            uploads(kind, wrong)


def test_more_pictures_than_are_taken_are_refused():
    body, kind = _multipart(*[(b"a.png", b"x")] * 65)
    with pytest.raises(UploadWrong, match="From 1 to 64"):
        uploads(kind, body)
