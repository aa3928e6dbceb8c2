"""What a request calls a network: light, since lists of jobs need it too."""

from __future__ import annotations

import re

#: What stands for the file in errors of a text.
NETWORK = "network"


def is_text(name: str) -> bool:
    """Whether a network is the text of a network file, rather than a name or a path."""
    return "\n" in name


def told_name(network: str) -> str:
    r"""What a network is called where it is not built yet.

    >>> told_name("resnet-50:width=32"), told_name("format: digits/network\nname: tiny\n")
    ('resnet-50:width=32', 'tiny')
    """
    found = re.search(r"^name: *(\S+)", network, re.MULTILINE) if is_text(network) else None
    return found[1] if found else NETWORK if is_text(network) else network
