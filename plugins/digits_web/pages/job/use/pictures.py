"""Pictures of datasets, by their addresses in the API."""

from __future__ import annotations

from nicegui import ui

from digits_web.parts.addresses import address

#: Pixels of the longer side that a picture is fetched with.
SIZE = 160


def picture_address(dataset: str, version: str, split: str, index: int) -> str:
    """Where a picture of a version of a dataset is."""
    name = f"{dataset}@{version}" if version else dataset
    return address(f"/api/v1/datasets/{name}/pictures/{split}/{index}", {"size": SIZE})


def picture(source: str, words: str) -> ui.element:
    """A picture of a dataset, with what it shows in words."""
    image = ui.element("img").classes("digits-pixels").props("loading=lazy")
    image.props.update({"src": source, "alt": words})
    return image
