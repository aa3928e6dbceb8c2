"""A model as one file that others can trust and use: what an archive holds, how it is written, how it is read.

An archive is data. It is read in one pass into memory and never unpacked; every name, size, digest and content is
checked against what a model can be before anything is made of it. Made twice from one model it is the same to the last
byte. What receivers get with it, scripts that need nothing of DIGITS, is in ``receiver``. This room knows ``graph``,
``spec``, ``contracts``, ``disk`` and ``errors``; the bytes of other formats are handed to it.
"""
