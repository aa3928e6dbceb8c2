"""What a request calls a network: light, since lists of jobs need it too."""

from __future__ import annotations

import re
from pathlib import Path

from digits_core.archive.naming import is_archive

#: What stands for the file in errors of a text.
NETWORK = "network"
FILE_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


def is_text(name: str) -> bool:
    """Whether a network is the text of a network file, rather than a name or a path."""
    return "\n" in name


def is_described(name: str) -> bool:
    r"""Whether a network is one of its own, told by a file, its text or an archive, rather than by a family's name.

    >>> [is_described(name) for name in ("name: tiny\n", "nets/tiny", "tiny.yaml", "tiny.zip", "resnet-50:width=0.5")]
    [True, True, True, True, False]
    """
    if is_text(name):
        return True
    return Path(name).suffix.lower() in FILE_SUFFIXES or is_archive(name) or "/" in name.partition(":")[0]


def shown_name(name: str, asked: str) -> str:
    """What a network is called so that nobody takes one that was changed for the family it was begun from.

    Args:
        name: The name that it has itself.
        asked: What the request says: a family's name, a file, or the text of one.

    >>> shown_name("lenet", "lenet"), shown_name("lenet", "my/lenet.yaml")
    ('lenet', 'lenet (custom)')
    """
    return f"{name} (custom)" if is_described(asked) else name


def told_name(network: str) -> str:
    r"""What a network is called where it is not built yet.

    >>> told_name("resnet-50:width=32"), told_name("format: digits/network\nname: tiny\n")
    ('resnet-50:width=32', 'tiny')
    """
    found = re.search(r"^name: *(\S+)", network, re.MULTILINE) if is_text(network) else None
    return found[1] if found else NETWORK if is_text(network) else network
