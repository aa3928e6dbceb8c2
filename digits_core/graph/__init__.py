"""What a network is once its shapes are known: operations, shapes, parameter names, FLOPs, and the codec.

A `Graph` is the one description that every backend builds from. Shapes are documented ``[C, H, W]`` or ``[F]``, without
the batch. This room knows ``spec`` and ``errors``; it holds no weights and computes nothing.
"""
