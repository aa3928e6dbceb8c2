"""What the main answers look like, for readers of the description and tools that pretend to be a server."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from digits_core.service.views.archives import ArchiveCheckView, ArchiveView
from digits_core.service.views.classification import ClassificationView
from digits_core.service.views.datasets import DatasetView
from digits_core.service.views.evaluation import EvaluationView
from digits_core.service.views.jobs import JobView
from digits_core.service.views.networks import ImportedNetworkView, ModelView
from digits_core.service.views.view import View

_METRICS = {"train/loss": 0.041, "train/accuracy": 0.988, "val/loss": 0.052, "val/accuracy": 0.984, "val/top5": 1.0}
_SNAPSHOT = {"name": "000005-epoch", "epoch": 5.0, "step": 4690, "metrics": _METRICS}
_JOB = {
    "kind": "train", "job": "lenet-mnist", "name": "lenet-mnist", "description": "", "tags": ["baseline"],
    "owner": "ada", "state": "done", "priority": 0, "backend": "torch", "devices": ["cpu:0"], "nodes": 1,
    "network": "lenet", "dataset": "mnist", "dataset_version": "v0001", "created": "2026-01-05T09:30:00+00:00",
    "runs": 1, "epoch": 5.0, "epochs": 5.0, "step": 4690, "total_steps": 4690, "metrics": _METRICS,
    "best": _SNAPSHOT, "learning_rate": 0.001, "images_per_second": 5200.0, "snapshots": [_SNAPSHOT], "notes": [],
}  # fmt: skip
_DATASET = {
    "name": "shapes", "version": "v0001", "digest": f"sha256:{'0123456789abcdef' * 4}",
    "created": "2026-01-05T09:00:00+00:00", "spec": {"name": "shapes", "paths": ["upload:0123456789abcdef"]},
    "splits": {"train": 90, "val": 30, "test": 0}, "skipped": 0, "size": [28, 28, 1], "encoding": "png",
    "classes": [
        {"name": "circle", "train": 45, "val": 15, "test": 0}, {"name": "square", "train": 45, "val": 15, "test": 0},
    ],
}  # fmt: skip
_SHARE = {"precision": 0.933, "recall": 0.933, "f1": 0.933}
_INTERVALS = {"precision_interval": [0.702, 0.988], "recall_interval": [0.702, 0.988]}
_EVALUATION = {
    "job": "evaluation-first", "model": "first@000002-epoch", "dataset": "shapes", "version": "v0001", "split": "val",
    "backend": "onnx", "samples": 30, "unknown": 0, "unknown_labels": {}, "loss": 0.21, "accuracy": 0.933,
    "accuracy_interval": [0.787, 0.982], "top5": 1.0, "top5_interval": [0.886, 1.0], "confidence": 0.95,
    "interval_method": "Wilson score", "macro": _SHARE, "labels": ["circle", "square"],
    "confusion": [[14, 1], [1, 14]],
    "calibration": {
        "method": "10 bins of equal width", "error": 0.04, "largest": 0.04,
        "bins": [{"low": 0.9, "high": 1.0, "count": 30, "confidence": 0.973, "accuracy": 0.933}],
    },
    "per_class": [{"label": name, **_SHARE, **_INTERVALS, "support": 15} for name in ("circle", "square")],
}  # fmt: skip
_CLASSIFICATION = {
    "model": "first@000002-epoch",
    "backend": "onnx",
    "predictions": [
        {
            "image": "circle/0000.png",
            "top": [{"label": "circle", "probability": 0.97}, {"label": "square", "probability": 0.03}],
        }
    ],
}
_MODEL = {
    "name": "caffenet", "created": "2026-01-05T09:30:00+00:00", "importer": "caffe",
    "files": ["deploy.prototxt", "weights.caffemodel"], "network": "small", "parameters": 24266, "classes": 2,
    "labels": ["circle", "square"], "input": [28, 28, 3], "picture": [32, 32, 3], "resize": "squash", "mean": "image",
    "size_bytes": 98304, "notes": ["A mean picture of 32x32 was cut to its middle."],
}  # fmt: skip
_ARCHIVE = {
    "file": "first.tar.gz", "model": "first@000002-epoch", "digest": f"sha256:{'0123456789abcdef' * 4}",
    "license": "CC-BY-4.0", "size_bytes": 1835008, "network": "lenet", "parameters": 431080, "classes": 2,
    "labels": ["circle", "square"], "input": [28, 28, 1], "picture": [28, 28, 1], "resize": "squash",
    "metrics": {"epoch": 2.0, "metrics": {"val/accuracy": 0.933}}, "dataset": {"name": "shapes", "version": "v0001"},
    "job": {"backend": "torch"}, "files": {"manifest.json": 2048, "weights.safetensors": 1724416},
}  # fmt: skip
_CHECKED = {
    "file": "first.tar.gz", "digest": f"sha256:{'0123456789abcdef' * 4}", "passed": True,
    "checks": [
        {"name": "files", "passed": True, "found": "16 files have their digests."},
        {"name": "weights", "passed": True, "found": "All 8 fit the network."},
    ],
}  # fmt: skip
_NETWORK = {
    "name": "linear", "parameters": 7850, "layers": 2,
    "text": "name: linear\ninput: {channels: 1, height: 28, width: 28}\nlayers:\n"
    "- {op: dense, name: logits, units: $classes}\n",
    "notes": ["Training cut squares of 28 pixels: train with --crop 28."],
}  # fmt: skip
#: One for each kind of answer.
ANSWERS: MappingProxyType[type[View], dict[str, Any]] = MappingProxyType(
    {
        JobView: _JOB,
        DatasetView: _DATASET,
        EvaluationView: _EVALUATION,
        ClassificationView: _CLASSIFICATION,
        ModelView: _MODEL,
        ArchiveView: _ARCHIVE,
        ArchiveCheckView: _CHECKED,
        ImportedNetworkView: _NETWORK,
    }
)
