"""Core ML, Apple's format: a graph and its weights become a model package for phones, tablets and Macs.

It is built from the graph with coremltools' own builder, so no framework is needed. It sees contracts and what they
need.
"""
