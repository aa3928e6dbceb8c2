"""Where the ``digits`` process begins: so early that even an interrupted import ends quietly."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of this process."""
    try:
        from digits_core.cli.main import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
