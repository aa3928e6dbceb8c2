"""``digits serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import say, show
from digits_core.contracts.command import Command


class Serve(Command):
    """The server, until Ctrl-C."""

    def app(self) -> typer.Typer:
        """One command without words behind it."""
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        app.command("serve")(serve)
        return app


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any that is free.")] = 5000,
    token: Annotated[
        str,
        typer.Option(help="Who comes in says it; auto: one is made and kept.", envvar="DIGITS_TOKEN"),
    ] = "",
    accounts: Annotated[bool, typer.Option("--accounts", help="People log in; see digits user.")] = False,
    root: Annotated[
        list[Path] | None, typer.Option(help="Folder of this machine that pictures may be taken from; repeat it.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Where a reverse proxy offers it, such as /digits.")] = "",
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another name of it, such as that of the proxy; repeat it.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, as PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, as PEM without a password.")] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Pictures may be fetched from private addresses too.")
    ] = False,
    max_upload: Annotated[float, typer.Option(min=0.001, help="Largest upload, in GiB.")] = 4.0,
    session_hours: Annotated[float, typer.Option(help="Hours after which people log in again.")] = 7 * 24,
    ask_backends: Annotated[
        bool, typer.Option(help="Ask backends what they can do at the start, rather than when it is first needed.")
    ] = True,
    json: Json = False,
) -> None:
    """Serve the page and the REST API, and start jobs when their devices are free; Ctrl-C ends it, not the jobs.

    On this machine nobody is asked who they are. Elsewhere --token or --accounts is needed.
    """
    from digits_core.service.digits import Digits
    from digits_web.access.token import kept_token
    from digits_web.settings import is_loopback, read_server_settings

    digits = Digits()
    given = {"host": host, "port": port, "token": token, "accounts": accounts, "prefix": prefix.rstrip("/")}
    given |= {"allowed_hosts": allow_host or [], "tls_cert": tls_cert, "tls_key": tls_key}
    given |= {"allow_private": allow_private, "most_upload_bytes": int(max_upload * 2**30)}
    given |= {"ask_backends": ask_backends}
    settings = read_server_settings({**given, "session_hours": session_hours, "roots": root or []})
    if token == "auto":
        settings = settings.model_copy(update={"token": kept_token(digits.home.path / "server")})
    if root is None and settings.is_open and is_loopback(host):
        # Whoever reaches it is whoever started it: what they may read, it may.
        settings = settings.model_copy(update={"roots": (Path.home(), Path.cwd())})
    from digits_web.server import serve as listen

    def started(address: str) -> None:
        way_in = f"{address}login?token={settings.token}" if settings.token else address
        show({"url": address, "home": str(digits.home.path)}, address, json_wanted=json)
        sys.stdout.flush()
        say(f"DIGITS serves {digits.home.path}. Open {way_in} in a browser. Ctrl-C ends this, not the jobs.")

    listen(digits, settings, started)
