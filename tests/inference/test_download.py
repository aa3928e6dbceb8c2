"""Pictures from URLs: what is refused, and that what was checked is what is asked. Real servers on loopback."""

import http.server
import shutil
import ssl
import subprocess
import threading
import time

import pytest

from digits_core.inference import download
from digits_core.inference.addresses import is_any, is_public
from digits_core.inference.download import Downloader, DownloadRefused

PICTURE = bytes(range(256)) * 8


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.headers["Host"], self.path))
        getattr(self, "answer_" + self.path.strip("/").partition("/")[0].partition("?")[0])()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_picture(self):
        self.answer(200, PICTURE, Content_Length=len(PICTURE))

    def answer_gone(self):
        self.answer(404)

    def answer_circle(self):
        self.answer(302, Location="/circle")

    def answer_here(self):
        self.answer(301, Location="picture?again=yes")

    def answer_inside(self):
        self.answer(302, Location=f"http://inside.test:{self.server.server_port}/picture")

    def answer_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def answer_announced(self):
        self.answer(200, b"x", Content_Length=10**9)

    def answer_endless(self):
        self.answer(200)
        for _ in range(200):
            self.wfile.write(b"x" * 1000)

    def answer_short(self):
        self.answer(200, b"x" * 10, Content_Length=1000)

    def answer_drip(self):
        self.send_response(200)
        self.flush_headers()
        for number in range(100):
            self.wfile.write(f"X-{number}: 1\r\n".encode())
            self.wfile.flush()
            time.sleep(0.05)

    def answer_slow(self):
        self.answer(200)
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    def handle_error(self, *_):
        """A client that hangs up leaves a handler with a broken pipe, which is no fault here."""


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """A server that proves to be pictures.test, by an authority that is trusted here."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed here")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem -out cert.pem"
    names = ["-subj", "/CN=pictures.test", "-addext", "subjectAltName=DNS:pictures.test"]
    subprocess.run(["openssl", *words.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    download._secure.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Server() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
    download._secure.cache_clear()


@pytest.fixture
def url(server):
    return lambda path, host="127.0.0.1": f"http://{host}:{server.server_port}/{path}"


def refused(downloader, url):
    with pytest.raises(DownloadRefused) as caught:
        downloader.fetch(url)
    assert url in caught.value.problem.message and caught.value.problem.hint
    return caught.value.problem.message


def test_a_picture_is_fetched_also_after_redirects(url):
    assert Downloader(is_any).fetch(url("picture")) == PICTURE
    assert Downloader(is_any).fetch(url("here")) == PICTURE


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file:///etc/passwd", "expects http or https"),
        ("ftp://host/a.png", "expects http or https"),
        ("http://me:secret@host/a.png", "carries a user name or password"),
        ("http:///a.png", "names no host"),
        ("http://host:99999/a.png", "is no URL"),
        ("http://[::1/a.png", "is no URL"),
    ],
)
def test_what_is_no_address_of_a_picture_is_refused_before_anything_is_asked(place, words):
    def never(host, port):
        raise AssertionError(host)

    assert words in refused(Downloader(is_any, resolve=never), place)


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 :: "
    "fe80::1 fc00::1 fec0::1 ff02::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::a00:1 2002:7f00:1::".split(),
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)
    message = refused(Downloader(resolve=lambda host, port: [address]), "http://some.test/a.png")
    assert f"leads to {address}, which is no public address" in message


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address):
    assert is_public(address)


def test_numbers_that_stand_for_loopback_are_seen_through(server):
    for host in ("127.1", "2130706433", "0x7f000001", "localhost"):
        assert "no public address" in refused(Downloader(), f"http://{host}:{server.server_port}/picture")


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    message = refused(Downloader(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"]), "http://mixed.test/a.png")
    assert "10.0.0.1" in message


def test_a_name_is_resolved_once_and_what_was_checked_is_asked(server, url):
    """A name that leads elsewhere at the second look leads nowhere: the second look never comes."""
    looks = []

    def rebinding(host, port):
        looks.append(host)
        return ["127.0.0.1"] if len(looks) == 1 else ["127.0.0.2"]

    downloader = Downloader(lambda address: address == "127.0.0.1", resolve=rebinding)
    assert downloader.fetch(url("picture", "outside.test")) == PICTURE
    assert looks == ["outside.test"]
    assert server.asked[-1] == (f"outside.test:{server.server_port}", "/picture")


def test_every_redirect_is_checked_anew(url):
    addresses = {"outside.test": ["127.0.0.1"], "inside.test": ["10.0.0.7"]}
    downloader = Downloader(lambda address: address == "127.0.0.1", resolve=lambda host, port: addresses[host])
    assert "leads to 10.0.0.7" in refused(downloader, url("inside", "outside.test"))
    assert "a redirect to file:" in refused(downloader, url("file", "outside.test"))
    assert "redirects more than 5 times" in refused(downloader, url("circle", "outside.test"))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone", "answered 404 Not Found"),
        ("announced", "is larger than 4,096 bytes"),
        ("endless", "is larger than 4,096 bytes"),
        ("short", "failed:"),
    ],
)
def test_answers_that_are_refused(url, path, words):
    assert words in refused(Downloader(is_any, most_bytes=4096), url(path))


@pytest.mark.parametrize("path", ["drip", "slow"])
def test_an_answer_that_drips_ends_in_time(url, path):
    began = time.monotonic()
    assert "took longer than 0.4 s" in refused(Downloader(is_any, timeout_s=0.4), url(path))
    assert time.monotonic() - began < 4


def test_a_host_that_is_looked_for_too_long_ends_in_time(url):
    began = time.monotonic()
    downloader = Downloader(is_any, timeout_s=0.2, resolve=lambda host, port: time.sleep(3) or ["127.0.0.1"])
    assert "took longer than 0.2 s" in refused(downloader, url("picture"))
    assert time.monotonic() - began < 2.5


def test_a_host_that_is_not_found_and_one_that_does_not_answer():
    assert "which is not found" in refused(Downloader(is_any), "http://nowhere.invalid/a.png")
    assert "failed: Connection refused" in refused(Downloader(is_any), "http://127.0.0.1:1/a.png")


def test_https_proves_the_name_that_was_asked_for_at_the_address_that_was_checked(secure):
    downloader = Downloader(is_any, resolve=lambda host, port: ["127.0.0.1"])
    port = secure.server_port
    assert downloader.fetch(f"https://pictures.test:{port}/picture") == PICTURE
    assert "certificate verify failed" in refused(downloader, f"https://others.test:{port}/picture")


def test_https_to_what_speaks_none_is_refused(server):
    assert "failed:" in refused(Downloader(is_any), f"https://127.0.0.1:{server.server_port}/picture")
