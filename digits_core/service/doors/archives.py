"""Models as one file that goes anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from digits_core.errors import ModelInvalid
from digits_core.service.doors.door import Door
from digits_core.spec.paths import expanded

if TYPE_CHECKING:
    from digits_core.service.views.archives import ArchiveCheckView, ArchiveView


class Archives(Door):
    """Pack, look into and check archives."""

    def make_archive(
        self, model: str, destination: Path | None = None, *, license: str | None = None, force: bool = False
    ) -> ArchiveView:
        """Pack a model; made twice it is the same to the last byte.

        Args:
            model: ``JOB``, ``JOB@best``, an imported model, or an archive, which is packed anew.
            destination: Where; its suffix says the form: .tar.gz, .tgz, .tar.bz2, .tar or .zip. Empty:
                ``MODEL.tar.gz`` in the current folder.
            license: Under which licence it is handed on, best an SPDX expression such as ``CC-BY-4.0``; None: that of
                the archive which is packed anew, else none is named.
            force: Replace a file that is there.

        Raises:
            NameTaken: If there is a file already.
            RequestWrong: If there is no such model, no archive can hold it, or it cannot be written there.
            PluginMissing: If ONNX Runtime is not installed.
        """
        from digits_core.service.archiving import make_archive

        return make_archive(self.home, self.plugins, model, destination, license, force=force)

    def archive(self, path: Path) -> ArchiveView:
        """What an archive says about itself; it is whole.

        Raises:
            ModelInvalid: If it is damaged.
        """
        from digits_core.service.archiving import archive_view

        return archive_view(self._file(path))

    def verify_archive(self, path: Path) -> ArchiveCheckView:
        """Use everything in an archive once: digests, network, weights, and ONNX Runtime on its reference picture.

        Raises:
            ModelInvalid: If it is damaged.
            PluginMissing: If ONNX Runtime is not installed.
        """
        from digits_core.service.archive_checks import verify_archive

        return verify_archive(self.plugins, self._file(path))

    def serve_archive(
        self,
        path: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        token: str = "",
        started: Callable[[str, ArchiveView], None] = lambda address, view: None,
    ) -> None:
        """Classify pictures over HTTP until SIGINT or SIGTERM.

        Args:
            path: The archive.
            host: Address to listen on; any but this machine's own needs a token.
            port: Port to listen on; 0: any that is free.
            token: What every request has to bring (``Authorization: Bearer TOKEN``); empty: nothing.
            started: Is told the address, and what is served, once it listens.

        Raises:
            ModelInvalid: If the archive is damaged.
            PluginMissing: If what serves is not installed.
            RequestWrong: If it cannot listen there, or the token is missing.
        """
        from digits_core.service.archive_serving import serve_archive

        serve_archive(self.home, self.plugins, self._file(path), host, port, token, started)

    def _file(self, path: Path) -> Path:
        """The file that ``path`` is, unless a model of that name was meant."""
        file, name = expanded(path), str(path).partition("@")[0]
        kinds = {"job": self.home.job_ids(), "model": self.home.model_names()}
        kind = next((kind for kind, names in kinds.items() if name in names), None)
        if kind is not None and not file.exists():
            raise ModelInvalid(f"{path} is a {kind}, and no archive.", hint=f"Pack it first: digits archive {path}.")
        return file
