"""YAML and JSON files in and out, with errors that name file and line.

YAML is imported where there is some: most of what DIGITS reads for itself is JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from digits_core.errors import DigitsError, Problem, SpecInvalid
from digits_core.spec.origin import Origin


def read_data(path: Path, *, error: type[DigitsError] = SpecInvalid) -> Any:
    """Plain data from a YAML or JSON file (JSON is read as YAML, of which it is a part).

    Raises:
        DigitsError: Of class ``error``, if the file is missing, unreadable, or not YAML; names the line.
    """
    return read_marked(path, error=error)[0]


def read_marked(path: Path, *, error: type[DigitsError] = SpecInvalid) -> tuple[Any, Origin]:
    """The same as `read_data`, and on which line every value stands."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        hint = "Name a YAML or JSON file, saved as UTF-8."
        raise error(f"{path} is expected to be text, found other bytes.", hint=hint) from None
    except OSError as reason:
        raise error(f"{path} cannot be read: {reason}.", hint="Check the path and its permissions.") from None
    return parse_marked(text, where=str(path), error=error)


def parse_text(text: str, *, where: str, error: type[DigitsError] = SpecInvalid) -> Any:
    """Plain data from YAML or JSON text; ``where`` names it in errors."""
    return parse_marked(text, where=where, error=error)[0]


def parse_marked(text: str, *, where: str, error: type[DigitsError] = SpecInvalid) -> tuple[Any, Origin]:
    """The same as `parse_text`, and on which line every value stands."""
    import yaml

    from digits_core.spec.strict_yaml import StrictLoader, lines

    try:
        loader = StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, Origin(where)
        return loader.construct_document(node), Origin(where, dict(lines(node)))
    except yaml.MarkedYAMLError as reason:
        mark = reason.problem_mark or reason.context_mark
        line = f"{where}:{mark.line + 1}" if mark else where
        raise error(Problem(f"This is not valid YAML: {reason.problem}.", line, "Correct the line.")) from None
    except (yaml.YAMLError, RecursionError, ValueError) as reason:
        raise error(Problem(f"This is not valid YAML: {reason}.", where)) from None


def dump_yaml(data: Any) -> str:
    """Readable YAML of plain data, keys in the given order."""
    import yaml

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def dump_blocks(data: Any) -> str:
    r"""YAML of plain data, each key on a line of its own, and texts of several lines as they are.

    >>> print(dump_blocks({"network": "name: tiny\nlayers: []\n", "epochs": 3}), end="")
    network: |
      name: tiny
      layers: []
    epochs: 3
    """
    import yaml

    from digits_core.spec.strict_yaml import BlockDumper

    return yaml.dump(data, Dumper=BlockDumper, sort_keys=False, allow_unicode=True, width=120)


def dump_flow(data: Any) -> str:
    """YAML of plain data in one line, keys in the given order.

    >>> dump_flow({"name": "conv1", "kernel": [3, 5], "scale": 1e-5})
    '{name: conv1, kernel: [3, 5], scale: 1.0e-05}'
    """
    import yaml

    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=float("inf"), default_flow_style=True)
    return text.removesuffix("\n").removesuffix("\n...")


def dump_json(data: Any) -> str:
    """Indented JSON of plain data, with a final newline; refuses NaN and infinity."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
