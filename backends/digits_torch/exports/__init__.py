"""Formats of PyTorch: a program that runs without DIGITS, and plain weights.

One file per format. They know what the backend knows of the core, and import torch when they are used.
"""
