"""Read models: what the service tells, frozen; their plain form is the JSON that commands print."""

from __future__ import annotations

from digits_core.service.views.archives import ArchiveCheckView, ArchiveView
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
from digits_core.service.views.exports import AgreementView, ExportedFileView, ExportView
from digits_core.service.views.inspection import (
    ComparisonView,
    DifferenceView,
    HistogramView,
    InspectedLayerView,
    InspectionView,
    LayerDifferenceView,
    SaliencyView,
    TensorView,
)
from digits_core.service.views.jobs import (
    DeviceUsageView,
    HeadView,
    JobView,
    RateView,
    SnapshotView,
    StartView,
    TrackerView,
    UsageView,
)
from digits_core.service.views.machine import (
    BrokenView,
    CheckView,
    DeviceView,
    DoctorView,
    PluginsView,
    PluginView,
)
from digits_core.service.views.mining import ErrorsView, FindingView, NeighbourView, SimilarView
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
    "AgreementView",
    "ArchiveCheckView",
    "ArchiveView",
    "BinView",
    "BrokenView",
    "CalibrationView",
    "CheckView",
    "ClassScoresView",
    "ClassificationView",
    "ComparisonView",
    "DeviceUsageView",
    "DeviceView",
    "DifferenceView",
    "DoctorView",
    "ErrorView",
    "ErrorsView",
    "EvaluationView",
    "ExportView",
    "ExportedFileView",
    "FamilyAdvice",
    "FamilyView",
    "FindingView",
    "GuessView",
    "HeadView",
    "HistogramView",
    "ImportedNetworkView",
    "InspectedLayerView",
    "InspectionView",
    "JobView",
    "LayerDifferenceView",
    "LayerView",
    "MacroView",
    "MemoryView",
    "ModelView",
    "NeighbourView",
    "NetworkView",
    "ParamView",
    "PluginView",
    "PluginsView",
    "PredictionView",
    "RankedView",
    "RateView",
    "RecipeView",
    "SaliencyView",
    "SimilarView",
    "SnapshotView",
    "StartView",
    "TensorView",
    "TopClassView",
    "TopView",
    "TrackerView",
    "UsageView",
    "View",
    "problem_dict",
]
