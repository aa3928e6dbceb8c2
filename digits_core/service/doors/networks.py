"""Networks and imported models: build, describe, draw, bring in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from digits_core.service.doors.sketches import Sketches
from digits_core.spec.paths import expanded

if TYPE_CHECKING:
    from digits_core.graph.graph import Graph, NetworkInput
    from digits_core.service.views.about import TrashedView
    from digits_core.service.views.networks import FamilyView, ImportedNetworkView, ModelView, NetworkView
    from digits_core.spec.imported import ModelSpec


class Networks(Sketches):
    """What can be trained, and what others have trained."""

    def networks(self) -> tuple[FamilyView, ...]:
        """Networks that can be named."""
        from digits_core.service.views.networks import FamilyView

        entries = self.plugins.network_families.entries()
        return tuple(
            FamilyView(name=owned.entry.name, summary=owned.entry.summary, plugin=owned.plugin) for owned in entries
        )

    def graph(self, network: str, dataset: str | None = None) -> Graph:
        """A network with every shape known.

        Args:
            network: Name of a family, maybe with params (``NAME:key=value,key=value``), or path of a network file
                or of an archive.
            dataset: The dataset whose pictures it takes; empty: the network's usual input.

        Raises:
            NameUnknown: If there is no such family or dataset.
            NetworkInvalid: With everything that is wrong.
        """
        from digits_core.graph.graph import NetworkInput
        from digits_core.service.networks import build_network

        shape: NetworkInput | None = None
        if dataset is not None:
            from digits_core.service.pictures import find_dataset

            manifest = find_dataset(self.home, dataset)
            height, width, channels = manifest.size
            shape = NetworkInput(channels, height, width, len(manifest.classes))
        return build_network(network, shape, self.plugins.network_families)

    def network(self, network: str, dataset: str | None = None) -> NetworkView:
        """A network in numbers; see `graph`."""
        from digits_core.service.networks import choose_family, family_view, is_file, network_view

        advice = None if is_file(network) else family_view(choose_family(network, self.plugins.network_families))
        return network_view(self.graph(network, dataset), advice)

    def draw_network(self, network: str, dataset: str | None = None, form: Literal["svg", "png"] = "svg") -> bytes:
        """A network as a picture; see `graph`."""
        from digits_core.graph.draw import draw

        scene = draw(self.graph(network, dataset))
        if form == "svg":
            return scene.svg().encode()
        # Imported where it is needed: nothing else here draws pixels.
        from digits_core.graph.raster import png

        return png(scene)

    def network_schema(self) -> dict[str, Any]:
        """The JSON schema of network files."""
        from digits_core.graph.schema import network_schema

        return network_schema()

    def customize_network(self, network: str, dataset: str | None = None) -> str:
        """A network as a file for people to change; see `graph`."""
        from digits_core.graph.customize import customize

        return customize(self.graph(network, dataset))

    def import_network(self, path: Path) -> ImportedNetworkView:
        """A network of another system as a network file of ours, which is not written yet.

        Raises:
            NetworkInvalid: With every line that cannot be read or built here.
        """
        from digits_core.service.networks import import_network

        return import_network(expanded(path), self.plugins.network_importers)

    # Parity

    def import_model(self, request: ModelSpec | Mapping[str, Any], *, where: str = "") -> ModelView:
        """Make a model of the files of another system; it appears complete or not at all.

        Args:
            request: Which files, and what they do not say themselves.
            where: Where the request is from, for errors.

        Raises:
            RequestWrong: With everything that is wrong.
        """
        from digits_core.service.importing import import_model
        from digits_core.service.models import model_view

        return model_view(import_model(request, self.home, self.plugins, where))

    def models(self) -> tuple[ModelView, ...]:
        """Every imported model, by name; damaged ones are left out."""
        from digits_core.service.models import list_models

        return list_models(self.home)

    def model(self, name: str) -> ModelView:
        """The imported model called ``name``, or the one in an archive.

        Raises:
            NameUnknown: If there is none.
            ModelInvalid: If it is damaged.
        """
        from digits_core.inference.model import is_archive_file
        from digits_core.service.models import archived_view, model_view
        from digits_core.store.models import ModelFolder

        if is_archive_file(self.home, name):
            return archived_view(expanded(name))
        return model_view(ModelFolder.find(self.home, name))

    def delete_model(self, name: str) -> None:
        """Delete an imported model; jobs that were started from it keep what they need.

        Raises:
            NameUnknown: If there is none.
        """
        from digits_core.service.runs import remove
        from digits_core.store.models import ModelFolder

        remove(ModelFolder.find(self.home, name).path, "model")

    def discard_model(self, name: str) -> TrashedView:
        """Move an imported model into the trash, from which it can be restored.

        Raises:
            NameUnknown: If there is none.
        """
        from digits_core.service.discarding import discard
        from digits_core.store.models import ModelFolder

        return discard(self.home, "model", ModelFolder.find(self.home, name).name)
