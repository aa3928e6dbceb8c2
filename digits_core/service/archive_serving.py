"""Serving an archive: what has to be right before anything listens."""

from __future__ import annotations

import importlib.util
import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path

from digits_core.errors import PluginMissing, Problem, RequestWrong, SpecInvalid, require
from digits_core.hooks.registry import Plugins
from digits_core.inference.answering import Classifier
from digits_core.inference.model import load_model
from digits_core.service.archiving import archive_view
from digits_core.service.classification import prediction_view
from digits_core.service.runtimes import choose_runtime
from digits_core.service.views.archives import ArchiveView
from digits_core.service.views.classification import ClassificationView
from digits_core.store.home import Home

#: A token of fewer letters is guessed.
LEAST_TOKEN = 16


def serve_archive(
    home: Home,
    plugins: Plugins,
    path: Path,
    host: str,
    port: int,
    token: str,
    started: Callable[[str, ArchiveView], None],
) -> None:
    """Answer over HTTP; see `Digits.serve_archive`."""
    _require_packages()
    require(_token_problems(host, token), SpecInvalid)
    info = archive_view(path)
    model = load_model(home, str(path))
    chosen = choose_runtime(model, None, None, plugins)
    classifier = Classifier(model, chosen.runtime)

    def classify(pictures: list[tuple[str, bytes]], top: int) -> ClassificationView:
        predictions = classifier.classify(pictures, top)
        return ClassificationView(
            model=info.model, backend=chosen.name, predictions=tuple(map(prediction_view, predictions))
        )

    # Imported where it is needed: nothing else here answers requests.
    from digits_core.service.serving import Service, listen

    with _listening(host, port) as listening:
        try:
            started(_address(listening), info)
            listen(Service(info, classify, token).app(), listening)
        finally:
            classifier.close()


def _require_packages() -> None:
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        message = f"Serving needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed."
        raise PluginMissing(message, hint="Run: pip install 'digits[serve]'")


def _token_problems(host: str, token: str) -> list[Problem]:
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        hint = "For example the output of: openssl rand -hex 16"
        return [Problem(f"A token expects at least {LEAST_TOKEN} letters, digits or signs.", "--token", hint)]
    if not token and not _is_loopback(host):
        message = f"Host {host} can be reached by others, so a token is expected, and none was given."
        return [Problem(message, "--token", "Set DIGITS_TOKEN, or leave out --host.")]
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as reason:
        message = f"{host}:{port} cannot be listened on: {reason.args[-1]}."
        raise RequestWrong(message, where="--port", hint="Choose another port; 0 takes any that is free.") from None


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
