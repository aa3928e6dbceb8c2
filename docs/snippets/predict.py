from digits_core.hooks.registry import discover
from digits_core.inference.model import load_model
from digits_core.store.home import Home

model = load_model(Home.default(), "finished@best")
runtime = discover().runtimes.get("onnx")()
predictor = runtime.load(model.graph, model.arrays, taps=["conv1"])
