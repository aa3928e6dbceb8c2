"""Read models: what the service tells, frozen; their plain form is the JSON that commands print."""

from __future__ import annotations

from digits_core.service.views.classification import (
    ClassificationView,
    GuessView,
    PredictionView,
    RankedView,
    TopClassView,
    TopView,
)
from digits_core.service.views.evaluation import (
    BinView,
    CalibrationView,
    ClassScoresView,
    EvaluationView,
    MacroView,
)
from digits_core.service.views.jobs import (
    DeviceUsageView,
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
    "BinView",
    "BrokenView",
    "CalibrationView",
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
    "MacroView",
    "MemoryView",
    "ModelView",
    "NetworkView",
    "ParamView",
    "PluginView",
    "PluginsView",
    "PredictionView",
    "RankedView",
    "RateView",
    "RecipeView",
    "SnapshotView",
    "StartView",
    "TopClassView",
    "TopView",
    "UsageView",
    "View",
    "problem_dict",
]
