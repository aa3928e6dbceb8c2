"""Commands are run here as in the tests of the command line."""

from tests.cli.conftest import digits

__all__ = ["digits"]
