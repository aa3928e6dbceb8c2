"""Formats of JAX: a program that runs without DIGITS, and plain weights.

One file per format. They know what the backend knows of the core, and import JAX when they are used.
"""
