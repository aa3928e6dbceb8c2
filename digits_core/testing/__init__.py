"""Public, for plugin authors: conformance kits, tiny graphs, weights and batches.

A kit is a class of tests to subclass in your own test suite; see `digits_core.testing.backend_suite`. Needs pytest.
This room stands on top of the core and may know all of it.
"""
