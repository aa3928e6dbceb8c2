"""Which pictures of a dataset a model doubts, as the service tells it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from digits_core.dataset.opened import SplitReader
from digits_core.errors import SpecInvalid
from digits_core.inference.mining import doubts
from digits_core.inference.mining.duplicates import duplicates
from digits_core.inference.mining.embeddings import Seen
from digits_core.service.mining import Mine
from digits_core.service.views.mining import ErrorsView, FindingView
from digits_core.spec.dataset import SPLITS, Split

#: Why a picture is worth a look, in the order in which they are told.
REASONS = ("label", "mistake", "duplicate", "unsure")
#: The accuracy below which a model errs more often than labels usually do.
TRUSTED = 0.8
TRAINED_ON = "The model was trained on these pictures: it may have learned wrong labels by heart, and doubts too few."


def find_errors(mine: Mine, split: Split, count: int, by: str, *, compares: bool) -> ErrorsView:
    """What the model doubts about the dataset; see `Digits.errors`."""
    seen, reader = mine.see(split), mine.dataset.split(split)
    truth = _truth(mine, reader)
    if not (truth >= 0).any():
        message = f"Dataset {mine.dataset.manifest.name} has none of the classes of model {mine.model.name}."
        raise SpecInvalid(message, where="dataset", hint=f"Those are {', '.join(mine.model.labels[:10])}.")
    wrong = doubts.wrong_labels(seen.probabilities, truth)
    teller = _Teller(mine)
    labelled = zip(wrong.places.tolist(), wrong.classes.tolist(), strict=True)
    found: dict[str, tuple[int, Iterator[FindingView]]] = {
        "label": (
            len(wrong.places),
            (teller.tell("label", split, place, to=mine.model.labels[to]) for place, to in labelled),
        )
    }
    mistaken = doubts.mistakes(seen.probabilities, truth)
    unsure = doubts.unsure(seen.probabilities, by)
    found["mistake"] = (len(mistaken), (teller.tell("mistake", split, place) for place in mistaken.tolist()))
    twins = _twins(mine, teller) if compares else []
    found["duplicate"] = (len(twins), iter(twins))
    found["unsure"] = (len(unsure), (teller.tell("unsure", split, place) for place in unsure.tolist()))
    manifest = mine.dataset.manifest
    accuracy = 1 - len(mistaken) / int(np.count_nonzero(truth >= 0))
    return ErrorsView(
        model=mine.model.name,
        dataset=manifest.name,
        version=manifest.version,
        split=split,
        runtime=mine.chosen.name,
        layer=mine.layer,
        samples=len(reader),
        unknown=int(np.count_nonzero(truth < 0)),
        accuracy=accuracy,
        noise=wrong.noise,
        found={reason: found[reason][0] for reason in REASONS},
        findings=tuple(item for reason in REASONS for item in itertools.islice(found[reason][1], count)),
        notes=(*mine.notes, *_weakness(accuracy), *([TRAINED_ON] if split == "train" else [])),
    )


def _weakness(accuracy: float) -> tuple[str, ...]:
    """What to think of the doubts of a model that is often wrong itself."""
    if accuracy >= TRUSTED:
        return ()
    return (
        f"The model is right on {accuracy:.0%} only: many of its doubts are its own mistakes. Train it better first.",
    )


def _truth(mine: Mine, reader: SplitReader) -> doubts.Truth:
    """The model's number of each picture's class, by name; -1 where it does not know it."""
    known = {label: number for number, label in enumerate(mine.model.labels)}
    return np.array([known.get(name, -1) for name in mine.dataset.manifest.labels], np.int64)[reader.labels]


def _twins(mine: Mine, teller: _Teller) -> list[FindingView]:
    """Pictures that are in two splits; the one named is that of the split which can better do without it."""
    splits = [split for split in SPLITS if mine.dataset.manifest.splits.get(split)]
    found = []
    for first, second in itertools.combinations(splits, 2):
        sides = [(mine.dataset.split(split), mine.see(split).embeddings) for split in (first, second)]
        mine.progress.start(len(sides[1][0]), f"Comparing {first} and {second} pictures")
        for pair in duplicates(sides[0], sides[1], mine.progress):
            found.append(
                teller.tell("duplicate", first, pair.first, other=(second, pair.second), likeness=pair.likeness)
            )
    return sorted(found, key=lambda item: -(item.likeness or 0))


class _Teller:
    """Findings, from the places of pictures.

    Args:
        mine: Where they were found.
    """

    def __init__(self, mine: Mine) -> None:
        self._mine, self._labels = mine, mine.dataset.manifest.labels
        known = {label: number for number, label in enumerate(mine.model.labels)}
        self._numbers = {name: known[name] for name in self._labels if name in known}
        self._splits: dict[Split, tuple[SplitReader, Seen]] = {}

    def tell(
        self,
        reason: str,
        split: Split,
        place: int,
        *,
        to: str = "",
        other: tuple[Split, int] | None = None,
        likeness: float | None = None,
    ) -> FindingView:
        """The finding about the picture at ``place`` of a split."""
        reader, seen = self._open(split)
        chances = seen.probabilities[place]
        label = self._labels[reader.labels[place]]
        number = self._numbers.get(label)
        best = int(chances.argmax())
        names = self._mine.model.labels
        return FindingView(
            reason=reason,
            split=split,
            key=reader.key(place),
            label=label,
            to=to,
            predicted=names[best] if best < len(names) else f"class {best}",
            probability=float(chances[best]),
            given_probability=None if number is None else float(chances[number]),
            margin=float(doubts.margins(chances[None])[0]),
            entropy=float(doubts.entropies(chances[None])[0]),
            other=self._named(*other) if other else "",
            likeness=likeness,
            hash=reader.hash(place),
            index=place,
            other_index=other[1] if other else None,
        )

    def _named(self, split: Split, place: int) -> str:
        reader, _ = self._open(split)
        return f"{split}/{reader.key(place)} ({self._labels[reader.labels[place]]})"

    def _open(self, split: Split) -> tuple[SplitReader, Seen]:
        if split not in self._splits:
            self._splits[split] = self._mine.dataset.split(split), self._mine.see(split)
        return self._splits[split]
