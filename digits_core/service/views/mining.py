"""Read models of what a model says of the pictures of a dataset."""

from __future__ import annotations

from digits_core.service.views.view import View


class FindingView(View):
    """A picture that is worth a look, and why."""

    reason: str
    """``label`` (likely wrong), ``mistake`` (a confident one), ``duplicate`` (in two splits) or ``unsure``.

    Unsure is a picture whose first guess is ahead of the second by less than 0.2; where entropy is asked for, one whose
    entropy is above half of the greatest, log of the number of classes.
    """
    split: str
    """Its split."""
    key: str
    """Its key."""
    label: str
    """The class that it is labelled with."""
    to: str = ""
    """The class that it more likely is of, where the label is likely wrong."""
    predicted: str
    """The class that the model takes it for."""
    probability: float
    """How likely the model finds that."""
    given_probability: float | None = None
    """How likely it finds the label; nothing where it does not know that class."""
    margin: float
    """How far the first guess is ahead of the second."""
    entropy: float
    """From 0, sure, to 1, no idea."""
    other: str = ""
    """Of a duplicate: the other picture, ``SPLIT/KEY``, and its class."""
    likeness: float | None = None
    """Of a duplicate: correlation of the pixels; 1 where both are stored as the same bytes."""
    hash: str
    """What tells the picture from others of the same key."""
    index: int
    """Its place in the split."""
    other_index: int | None = None
    """Of a duplicate: the place of the other in its split."""


class ErrorsView(View):
    """What a model doubts about a dataset."""

    model: str
    """The snapshot that was asked."""
    dataset: str
    """Whose pictures."""
    version: str
    """Which version of it."""
    split: str
    """The split whose labels were doubted."""
    runtime: str
    """What computed: ``onnx``, or the name of a backend."""
    layer: str
    """The layer whose activations were compared."""
    samples: int
    """Pictures of the split."""
    unknown: int
    """Pictures of classes that the model does not know; their labels are not doubted."""
    accuracy: float
    """Share of the pictures of known classes that are taken for what they are labelled."""
    noise: float
    """Estimated share of wrong labels."""
    found: dict[str, int]
    """For each reason how many pictures there are; ``findings`` may hold fewer."""
    findings: tuple[FindingView, ...]
    """Reason by reason, the most striking first."""
    notes: tuple[str, ...] = ()
    """What a person should know."""


class NeighbourView(View):
    """A picture that is like another one."""

    split: str
    """Its split."""
    key: str
    """Its key."""
    label: str
    """Its class."""
    similarity: float
    """Cosine of the two embeddings, at most 1."""
    index: int
    """Its place in the split."""


class SimilarView(View):
    """The pictures of a dataset that are most like another one."""

    model: str
    """The snapshot whose eyes were used."""
    image: str
    """The picture that was looked for."""
    dataset: str
    """Where it was looked for."""
    version: str
    """Which version of it."""
    split: str
    """Which split of it."""
    runtime: str
    """What computed: ``onnx``, or the name of a backend."""
    layer: str
    """The layer whose activations were compared."""
    search: str
    """What searched: usearch or numpy."""
    search_ms: float
    """Milliseconds that the search took."""
    neighbours: tuple[NeighbourView, ...]
    """The most similar first."""
    notes: tuple[str, ...] = ()
    """What a person should know."""
