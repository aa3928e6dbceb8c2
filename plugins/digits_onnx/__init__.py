"""Networks as ONNX: a graph and canonical weights become one file, which ONNX Runtime computes without any framework.

`ops` has a short builder per operation, `sheet` is what they write on, `model` puts a whole network together, `runtime`
predicts with it, and `exporter` writes it as a file in fp32, fp16 or int8. It knows contracts, graph, spec and errors.
Importing the package imports neither onnx nor ONNX Runtime.
"""
