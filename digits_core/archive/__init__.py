"""A model as one file that others can trust: what an archive holds, and the one way in which it is read.

An archive is data. It is read in one pass into memory and never unpacked; every name, size, digest and content is
checked against what a model can be before anything is made of it. Whoever takes a model by its path reads it here, also
``module`` of a backend (`saved_model`), so that no archive is trusted by one and refused by another. This room knows
``contracts``, ``graph``, ``spec`` and ``errors``; how an archive is made is in ``packing``.
"""
