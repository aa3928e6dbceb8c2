from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    return [Entry("mine", "my_package.backend:MyBackend", "My framework.", needs=("my_framework",))]
