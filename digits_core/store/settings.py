"""What a person has set for a home, in ``settings.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from digits_core.spec.files import read_data
from digits_core.spec.model import Spec, parse
from digits_core.spec.trackers import Trackers
from digits_core.store.home import Home

FILE = "settings.yaml"


class Settings(Spec):
    """Settings of a home; an absent file is that of all defaults."""

    interpreters: dict[str, str] = Field(default_factory=dict)
    """For a backend the Python that its workers run in, for example ``torch: /opt/torch/bin/python``: frameworks whose
    needs conflict live side by side so. DIGITS must be installed there too."""
    trackers: Trackers = Field(default_factory=dict)
    """Trackers of every job that names none, with their settings, for example ``tensorboard: {}``. What is said here of
    a tracker also holds for jobs that name it."""
    allow_private_addresses: bool = False
    """Whether pictures may be fetched from private, loopback and link-local addresses."""


def settings_path(home: Home) -> Path:
    """Where they are; the file need not exist."""
    return home.path / FILE


def read_settings(home: Home) -> Settings:
    """The settings of ``home``.

    Raises:
        SpecInvalid: If the file does not say what it should.
    """
    path = settings_path(home)
    if not path.exists():
        return Settings()
    return parse(Settings, read_data(path) or {}, where=str(path))
