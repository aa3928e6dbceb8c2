"""Trackers: what happens in a job, as TensorBoard event files, as runs of MLflow, and as CSV.

Each has a module that holds its settings and what it does with facts, and imports nothing heavy until a job is
followed. This room sees the core's contracts, facts and graphs, and no framework.
"""
