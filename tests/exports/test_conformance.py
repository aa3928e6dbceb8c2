"""Every format keeps the contract, with the real package that reads it."""

import importlib.util

import pytest

from digits_core.hooks.registry import discover
from digits_core.testing.exporter_suite import ExporterSuite


def _formats():
    registry = discover().exporters
    for name in registry.names():
        missing = registry.entry(name).missing
        skip = [pytest.mark.skip(reason=f"format {name} needs {', '.join(missing)}")] if missing else []
        yield pytest.param(name, id=name, marks=skip)


# OpenVINO forks while it is imported, and JAX warns of that wherever it was imported before.
@pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning")
@pytest.mark.parametrize("format", list(_formats()))
class TestFormats(ExporterSuite):
    @pytest.fixture
    def exporter(self, format):
        return discover().exporters.get(format)()


def test_every_entry_and_its_summary_say_what_else_than_fp32_there_is():
    registry = discover().exporters
    for owned in registry.entries():
        if importlib.util.find_spec(owned.entry.target.partition(".")[0]) and not owned.missing:
            offered = registry.get(owned.entry.name).precisions
            assert owned.entry.precisions == offered
            for precision in offered[1:]:
                assert precision in owned.entry.summary
