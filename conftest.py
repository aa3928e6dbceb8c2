"""Plugins of pytest that the tests use."""

pytest_plugins = ["pytester"]
