"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_trackers() -> list[Entry]:
    """The trackers."""
    return [
        Entry("csv", "digits_trackers.tables:CsvTracker", "One CSV file of training, one of validations."),
        Entry(
            "tensorboard",
            "digits_trackers.tensorboard_events:TensorBoardTracker",
            "Event files for TensorBoard: curves, the request as hyperparameters and text, and the network.",
            needs=("tensorboard",),
            extra="track",
        ),
        Entry(
            "mlflow",
            "digits_trackers.mlflow_runs:MlflowTracker",
            "A run of MLflow, in a local folder, a database or on a server.",
            needs=("mlflow",),
            extra="track",
        ),
    ]
