"""What a person has set for a home, in ``settings.yaml``."""

from __future__ import annotations

from pydantic import Field

from digits_core.spec.files import read_data
from digits_core.spec.model import Spec, parse
from digits_core.store.home import Home

FILE = "settings.yaml"


class Settings(Spec):
    """Settings of a home; an absent file is that of all defaults."""

    interpreters: dict[str, str] = Field(default_factory=dict)
    """For a backend the Python that its workers run in, for example ``torch: /opt/torch/bin/python``: frameworks whose
    needs conflict live side by side so. DIGITS must be installed there too."""
    allow_private_addresses: bool = False
    """Whether pictures may be fetched from private, loopback and link-local addresses."""


def read_settings(home: Home) -> Settings:
    """The settings of ``home``.

    Raises:
        SpecInvalid: If the file does not say what it should.
    """
    path = home.path / FILE
    if not path.exists():
        return Settings()
    return parse(Settings, read_data(path) or {}, where=str(path))
