"""Read models: what the service tells, frozen; their plain form is the JSON that commands print."""

from __future__ import annotations

from digits_core.service.views.archives import ArchiveCheckView, ArchiveView
from digits_core.service.views.classification import ClassificationView, GuessView, PredictionView
from digits_core.service.views.jobs import (
    ClassScoresView,
    DeviceUsageView,
    EvaluationView,
    HeadView,
    JobView,
    RateView,
    SnapshotView,
    StartView,
    UsageView,
)
from digits_core.service.views.machine import BrokenView, CheckView, DeviceView, DoctorView, PluginsView, PluginView
from digits_core.service.views.networks import (
    FamilyAdvice,
    FamilyView,
    ImportedNetworkView,
    LayerView,
    MemoryView,
    ModelView,
    NetworkView,
    ParamView,
    RecipeView,
)
from digits_core.service.views.view import ErrorView, View, problem_dict

__all__ = [
    "ArchiveCheckView",
    "ArchiveView",
    "BrokenView",
    "CheckView",
    "ClassScoresView",
    "ClassificationView",
    "DeviceUsageView",
    "DeviceView",
    "DoctorView",
    "ErrorView",
    "EvaluationView",
    "FamilyAdvice",
    "FamilyView",
    "GuessView",
    "HeadView",
    "ImportedNetworkView",
    "JobView",
    "LayerView",
    "MemoryView",
    "ModelView",
    "NetworkView",
    "ParamView",
    "PluginView",
    "PluginsView",
    "PredictionView",
    "RateView",
    "RecipeView",
    "SnapshotView",
    "StartView",
    "UsageView",
    "View",
    "problem_dict",
]
