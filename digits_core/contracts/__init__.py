"""What a plugin author implements: one small abstract class and its value types per file.

A contract is an interface or a leaf, never both; nothing here computes. State goes in and comes out, numpy arrays with
canonical names are the only currency. This room knows ``graph``, ``spec`` and ``errors``.
"""
