"""What archives are called."""

from __future__ import annotations

#: How their names end.
SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar", ".zip")


def is_archive(name: str) -> bool:
    """Whether a model is named by the file of an archive.

    >>> is_archive("model.tar.gz"), is_archive("lenet@best")
    (True, False)
    """
    return name.lower().endswith(SUFFIXES)
