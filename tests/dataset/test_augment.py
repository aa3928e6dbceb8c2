"""What chance does to a picture: defined to the bit, and drawn by seed, position and operation alone."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digits_core.dataset import loader as loader_module
from digits_core.dataset.augment import colour, placing
from digits_core.dataset.augment.placing import Part
from digits_core.dataset.augment.randaugment import OPERATIONS
from digits_core.dataset.augment.recipe import Recipe
from digits_core.dataset.create import create_dataset
from digits_core.dataset.draws import uniforms
from digits_core.dataset.explore import augmented_sheet
from digits_core.dataset.loader import TrainLoader
from digits_core.dataset.opened import open_dataset
from digits_core.dataset.sampler import Sampler
from digits_core.hooks.registry import discover
from digits_core.spec.augment import Augmentation
from digits_core.spec.dataset import DatasetSpec

EVERYTHING = Augmentation(
    flip="both",
    turn="all",
    rotate=20,
    scale=0.1,
    area=(0.3, 1),
    randaugment=2,
    brightness=0.3,
    contrast=0.3,
    saturation=0.3,
    hue=0.1,
    hsv=(0.02, 0.04, 0.06),
    noise=0.03,
    cutout=4,
)


def picture(height=12, width=17, channels=3, seed=0):
    drawn = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    drawn.flags.writeable = False
    return drawn


def stream(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


@pytest.fixture
def reader(create, draw_classes):
    return create(draw_classes({"a": 11, "b": 12}, size=(24, 24)), width=24, height=24, val=0).split("train")


# Draws


def test_draws_are_these_numbers_in_every_release():
    assert [number.hex() for number in uniforms(7, stream(2, first=5), "flip", 2).ravel().tolist()] == [
        "0x1.948dca9ac6078p-4",
        "0x1.eaa7e4b46aa38p-3",
        "0x1.b515b90d00f86p-1",
        "0x1.9d4cf9769006cp-1",
    ]


def test_draws_depend_on_seed_position_and_name_alone():
    whole = uniforms(3, stream(50), "hsv", 3)
    assert np.array_equal(whole[20:30], uniforms(3, stream(10, first=20), "hsv", 3))
    assert np.array_equal(whole[:, :2], uniforms(3, stream(50), "hsv", 2))
    for other in (uniforms(4, stream(50), "hsv", 3), uniforms(3, stream(50), "hue", 3)):
        assert not np.isin(whole, other).any()


def test_draws_are_uniform_and_independent():
    drawn = uniforms(0, stream(20_000), "noise", 2)
    assert 0 <= drawn.min() and drawn.max() < 1
    assert np.bincount((drawn[:, 0] * 10).astype(int), minlength=10) == pytest.approx(2000, rel=0.1)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.03


# Recipes


def augmented(options, position, channels=3, seed=1, crop=None):
    recipe = Recipe(options, crop, (16, 16, channels), seed)
    (chance,) = recipe.draw(stream(1, first=position))
    return recipe.make(picture(16, 16, channels), chance)


@pytest.mark.parametrize("name", [name for name in Augmentation.model_fields if name in EVERYTHING.model_fields_set])
def test_every_option_changes_pictures_each_position_in_its_own_way(name):
    options = Augmentation(**{name: getattr(EVERYTHING, name)})
    seen = {augmented(options, position).tobytes() for position in range(40)}
    assert len(seen) > (3 if name in ("flip", "turn") else 20) - (name == "flip")
    again = {augmented(options, position).tobytes() for position in range(40)}
    assert seen == again


@settings(deadline=None, max_examples=30)
@given(
    batch=st.integers(1, 23),
    crop=st.sampled_from([None, 18]),
    threads=st.integers(1, 4),
    options=st.sampled_from([EVERYTHING, Augmentation(flip="both"), Augmentation(scale=0.1, border="gray")]),
)
def test_a_picture_is_the_same_in_any_batch_and_with_any_number_of_threads(loaders, batch, crop, threads, options):
    expected = loaders(23, crop, options, 1).batch(2).images
    loader = loaders(batch, crop, options, threads)
    steps = range(46 // batch, -(-69 // batch))
    found = np.concatenate([loader.batch(step).images for step in steps])[46 - steps.start * batch :][:23]
    assert np.array_equal(found, expected)


@pytest.fixture(scope="module")
def loaders(tmp_path_factory):
    """Make a loader of one small dataset: ``loaders(batch, crop, options, threads)``."""
    place = tmp_path_factory.mktemp("augment")
    for label in ("a", "b"):
        (place / "source" / label).mkdir(parents=True)
        for index in range(12 if label == "a" else 11):
            Image.fromarray(picture(24, 24, seed=[index, ord(label)])).save(place / "source" / label / f"{index}.png")
    spec = DatasetSpec(name="d", paths=(place / "source",), width=24, height=24, encoding="raw", val=0)
    create_dataset(spec, place / "d", discover().dataset_sources)
    reader = open_dataset(place / "d").split("train")

    def made(batch, crop, options, threads):
        loader = TrainLoader(reader, Sampler(len(reader), batch, seed=9), crop, 9, augment=options)
        loader.batch = _in_threads(loader.batch, threads)
        return loader

    return made


def _in_threads(batch, threads):
    def in_threads(step):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader_module, "_SHARED_BYTES", 0)
            patch.setattr(loader_module, "usable_cpus", lambda: threads)
            return batch(step)

    return in_threads


def test_a_thread_that_is_new_makes_the_same_of_a_photograph():
    # Larger than what the primitives of processors leave alone.
    recipe = Recipe(EVERYTHING, 224, (256, 256, 3), 0)
    photograph = np.kron(picture(32, 32), np.ones((8, 8, 1), np.uint8))
    chances = list(recipe.draw(stream(4)))
    expected = [recipe.make(photograph, chance) for chance in chances]
    with ThreadPoolExecutor(1) as pool:
        for found, wanted in zip(
            pool.map(lambda chance: recipe.make(photograph, chance), chances), expected, strict=True
        ):
            assert np.array_equal(found, wanted)


def test_each_process_makes_the_rows_of_the_whole_batch(reader):
    sampler = Sampler(len(reader), 10, 1)
    whole = TrainLoader(reader, sampler, 20, 1, augment=EVERYTHING).batch(5).images
    parts = [TrainLoader(reader, sampler, 20, 1, rows, EVERYTHING) for rows in (range(0, 3), range(3, 10))]
    assert np.array_equal(whole, np.concatenate([part.batch(5).images for part in parts]))


def test_encoded_pictures_are_augmented_as_raw_ones(create, draw_classes):
    source = draw_classes({"a": 6, "b": 6}, size=(24, 24))
    batches = [
        TrainLoader(made.split("train"), Sampler(12, 8, 0), 20, 0, augment=EVERYTHING).batch(1).images
        for made in (create(source, name=form, encoding=form, width=24, height=24, val=0) for form in ("raw", "png"))
    ]
    assert np.array_equal(*batches)


def test_asking_for_one_operation_changes_no_draw_of_another():
    flips = [augmented(Augmentation(flip="lr"), position) for position in range(20)]
    bright = [augmented(Augmentation(flip="lr", brightness=1e-9), position) for position in range(20)]
    assert np.array_equal(flips, bright)


@pytest.mark.parametrize("flip", ["none", "lr", "ud", "both"])
@pytest.mark.parametrize(("crop", "channels"), [(None, 3), (11, 3), (11, 1)])
def test_many_small_pictures_are_moved_as_each_would_be(flip, crop, channels):
    recipe = Recipe(Augmentation(flip=flip), crop, (14, 16, channels), 3)
    pictures = np.stack([picture(14, 16, channels, seed=number) for number in range(30)])
    one_by_one = [recipe.make(*pair) for pair in zip(pictures, recipe.draw(stream(30)), strict=True)]
    assert recipe.is_move
    assert np.array_equal(recipe.move(pictures.copy(), stream(30)), one_by_one)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3), (5, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_pictures_are_augmented_too(size, channels):
    options = EVERYTHING.model_copy(update={"turn": "180", "cutout": 1})
    if channels == 1:
        options = options.model_copy(update={"saturation": 0, "hue": 0, "hsv": (0, 0, 0)})
    recipe = Recipe(options, None, (*size, channels), 0)
    for chance in recipe.draw(stream(20)):
        made = recipe.make(picture(*size, channels), chance)
        assert made.shape == (*size, channels) and made.dtype == np.uint8


def test_opencv_is_imported_by_the_first_loader_that_needs_it_and_by_no_other():
    code = (
        "import sys, numpy as np\n"
        "import digits_core.training.worker\n"
        "from digits_core.dataset.augment.recipe import Recipe\n"
        "from digits_core.spec.augment import Augmentation\n"
        "Recipe(Augmentation(), 4, (8, 8, 3), 0); before = 'cv2' in sys.modules\n"
        "Recipe(Augmentation(flip='lr'), 4, (8, 8, 3), 0); sys.exit(before or 'cv2' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_sheet_shows_what_training_sees_in_its_first_epochs(reader):
    sampler, recipe = Sampler(len(reader), 5, 3), Recipe(EVERYTHING, 20, reader.shape, 3)
    loader = TrainLoader(reader, sampler, 20, 3, augment=EVERYTHING)
    seen = {}
    for step in range(2 * 23 // 5 + 1):
        for row, (index, image) in enumerate(zip(sampler.indices(step), loader.batch(step).images, strict=True)):
            seen[int(index), (5 * step + row) // 23] = image
    sheet = np.asarray(augmented_sheet(reader, ["a", "b"], recipe, sampler, count=23, epochs=2))
    # 24 × 24 pictures are shown three times as large, 6 pixels apart, above captions of 14.
    for index in range(23):
        for epoch in range(2):
            top, left = 6 + index * (72 + 14 + 6), 6 + (epoch + 1) * (72 + 6)
            assert np.array_equal(sheet[top : top + 60 : 3, left : left + 60 : 3], seen[index, epoch])


# Placing


def reference_warp(source, matrix, size, border):
    """The formula at the head of `placing`, written out."""
    y, x = np.mgrid[: size[0], : size[1]]
    places = []
    for a, b, c in matrix:
        sums = (a * x).astype(np.float32) + (b * y + c).astype(np.float32)
        places.append(np.rint(32 * sums).astype(int))
    (i, j), (u, v) = (place >> 5 for place in places), ((place & 31)[:, :, None] for place in places)

    def at(row, column):
        if border == "gray":
            inside = (row >= 0) & (row < source.shape[0]) & (column >= 0) & (column < source.shape[1])
            found = source[row.clip(0, source.shape[0] - 1), column.clip(0, source.shape[1] - 1)].astype(int)
            return np.where(inside[:, :, None], found, 128)
        if border == "edge":
            return source[row.clip(0, source.shape[0] - 1), column.clip(0, source.shape[1] - 1)].astype(int)
        reflected = []
        for place, length in ((row, source.shape[0]), (column, source.shape[1])):
            folded = np.abs(place) % (2 * length - 2)
            reflected.append(np.minimum(folded, 2 * length - 2 - folded))
        return source[tuple(reflected)].astype(int)

    sums = (32 - u) * (32 - v) * at(j, i) + u * (32 - v) * at(j, i + 1)
    return (sums + (32 - u) * v * at(j + 1, i) + u * v * at(j + 1, i + 1) + 512) >> 10


@settings(deadline=None, max_examples=60)
@given(
    angle=st.floats(-180, 180),
    factor=st.floats(0.8, 3),
    channels=st.sampled_from([1, 3]),
    border=st.sampled_from(["reflect", "edge", "gray"]),
    part=st.sampled_from([Part(0, 0, 12, 17), Part(3, 2, 7, 9)]),
)
def test_a_warp_is_its_formula_bit_for_bit(angle, factor, channels, border, part):
    source, size = picture(channels=channels), (13, 11)
    matrix = placing.place(part, size, (12, 17), angle, factor)
    found = placing.warp(source, matrix, size, border).reshape(*size, channels)
    assert np.array_equal(found, reference_warp(source, matrix, size, border))


def test_nothing_moves_without_reason():
    whole = Part(0, 0, 12, 17)
    matrix = placing.place(whole, (12, 17), (12, 17), 0, 1)
    assert np.array_equal(placing.warp(picture(), matrix, (12, 17), "edge"), picture())
    part = placing.place(Part(2, 3, 5, 6), (5, 6), (12, 17), 0, 1)
    assert np.array_equal(placing.warp(picture(), part, (5, 6), "edge"), picture()[2:7, 3:9])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_rotation_is_counter_clockwise_about_the_middle(quarters):
    square = picture(9, 9)
    matrix = placing.place(Part(0, 0, 9, 9), (9, 9), (9, 9), 90 * quarters, 1)
    assert np.array_equal(placing.warp(square, matrix, (9, 9), "gray"), np.rot90(square, quarters))


def test_a_picture_reduced_by_more_than_two_is_halved_first_so_that_no_pixel_is_passed_over():
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::4] = 255
    matrix = placing.place(Part(0, 0, 64, 64), (16, 16), (64, 64), 0, 1)
    assert np.array_equal(placing.warp(stripes, matrix, (16, 16), "edge"), np.full((16, 16), 64))


def test_a_factor_enlarges_by_at_most_three_either_way():
    options = Augmentation(scale=1)
    factors = [placing.scaling([draw], options) for draw in (0.0, 0.4, 0.5, 0.6, 1 - 2**-53)]
    assert factors == sorted(factors) and factors[2] == 1
    assert (factors[0], factors[-1]) == (1 / 3, 3)


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=22, max_size=22), st.integers(1, 40), st.integers(1, 40))
def test_a_random_part_lies_in_the_picture_and_is_as_large_as_asked(draws, height, width):
    part = placing.random_part(height, width, (0.2, 0.6), (0.5, 2), draws)
    assert 0 <= part.top and part.top + part.height <= height and 1 <= part.height
    assert 0 <= part.left and part.left + part.width <= width and 1 <= part.width


def test_the_share_of_a_random_part_is_uniform():
    parts = [
        placing.random_part(400, 400, (0.1, 0.5), (0.75, 4 / 3), draws)
        for draws in uniforms(0, stream(4000), "area", placing.PART_DRAWS).tolist()
    ]
    shares = np.array([part.height * part.width / 160_000 for part in parts])
    assert np.histogram(shares, 4, (0.1, 0.5))[0] == pytest.approx(1000, rel=0.1)


def test_where_no_part_fits_the_middle_is_taken():
    assert placing.random_part(10, 100, (1, 1), (1, 1), [0.5] * 22) == Part(0, 45, 10, 10)


@pytest.mark.parametrize(("kind", "expected"), [("90", {0, 1, 3}), ("180", {0, 2}), ("all", {0, 1, 2, 3})])
def test_quarter_turns_are_those_that_were_asked_for(kind, expected):
    square, options = picture(9, 9), Augmentation(turn=kind)
    turns = {np.rot90(square, quarters).tobytes(): quarters for quarters in range(4)}
    found = [turns[placing.turn(square, [draw], options).tobytes()] for draw in np.arange(0, 1, 0.01)]
    assert set(found) == expected
    assert np.bincount(found)[sorted(expected)] == pytest.approx(100 / len(expected), abs=1)


def test_mirrors_are_those_of_numpy():
    for draws, expected in {(0, 0): np.s_[::-1, ::-1], (0, 0.5): np.s_[:, ::-1], (0.5, 0): np.s_[::-1]}.items():
        assert np.array_equal(placing.flip(picture(), draws, Augmentation(flip="both")), picture()[expected])
    assert np.array_equal(placing.flip(picture(), (0, 0), Augmentation(flip="lr")), picture()[:, ::-1])
    assert np.array_equal(placing.flip(picture(), (0, 0), Augmentation(flip="ud")), picture()[::-1])


# Colour


def rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("draw", [0.0, 0.3, 0.999])
def test_jitter_is_its_formula(draw):
    source, factor = picture().astype(float), 1 + 0.5 * (2 * draw - 1)
    gray = source @ [0.299, 0.587, 0.114]
    options = Augmentation(brightness=0.5, contrast=0.5, saturation=0.5)
    assert np.array_equal(colour.brightness(picture(), [draw], options), rounded(source * factor))
    mean = np.rint(gray).mean()
    assert np.array_equal(colour.contrast(picture(), [draw], options), rounded(mean + factor * (source - mean)))
    pale = np.rint(gray)[:, :, None]
    found = colour.saturation(picture(), [draw], options)
    assert np.abs(found - (pale + factor * (source - pale)).clip(0, 255)).max() <= 0.51


def test_without_saturation_a_picture_is_gray():
    gray = colour.saturation(picture(), [0.0], Augmentation(saturation=1))
    assert np.array_equal(gray, np.repeat(colour.gray(picture())[:, :, None], 3, axis=2))


def test_hue_turns_colours_and_leaves_grays():
    red = np.full((2, 2, 3), (250, 0, 0), np.uint8)
    options = Augmentation(hue=1 / 3)
    green = colour.hue(red, [1 - 2**-53], options)
    assert np.abs(green.astype(int) - (0, 250, 0)).max() <= 6
    gray = np.full((2, 2, 3), 77, np.uint8)
    assert np.array_equal(colour.hue(gray, [0.1], options), gray)


def test_hsv_moves_each_of_the_three_by_its_own_deviation():
    half = np.full((2, 2, 3), (200, 100, 100), np.uint8)
    one_sigma = 0.8413447460685429
    brighter = colour.hsv(half, [0.5, 0.5, one_sigma], Augmentation(hsv=(0, 0, 0.1)))
    assert brighter[0, 0].tolist() == [226, 113, 113]
    paler = colour.hsv(half, [0.5, 1 - one_sigma, 0.5], Augmentation(hsv=(0, 0.1, 0)))
    assert abs(int(paler[0, 0, 0]) - 200) <= 1 and abs(int(paler[0, 0, 1]) - 120) <= 1


def test_noise_is_normal_and_stops_at_black_and_white():
    options = Augmentation(noise=0.03)
    flat = np.full((300, 300, 3), 128, np.uint8)
    levels = colour.noise(flat, [0.25], options).astype(int) - 128
    assert levels.std() == pytest.approx(0.03 * 255, rel=0.02) and abs(levels.mean()) < 0.1
    assert (np.abs(levels) < 0.03 * 255).mean() == pytest.approx(0.683, abs=0.03)
    assert abs(np.corrcoef(levels[:-1].ravel(), levels[1:].ravel())[0, 1]) < 0.01
    assert not np.array_equal(colour.noise(flat, [0.75], options), levels + 128)
    for level in (0, 255):
        noisy = colour.noise(np.full((50, 50, 1), level, np.uint8), [0.5], options).astype(int)
        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.1) and np.abs(noisy - level).max() < 30


def test_cutout_paints_a_square_whose_middle_is_anywhere():
    white = np.full((10, 12, 3), 255, np.uint8)
    options = Augmentation(cutout=4)
    assert (colour.cutout(white, [0.5, 0.5], options) == 128).all(axis=2).nonzero()[0].tolist() == sorted(
        [3, 4, 5, 6] * 4
    )
    assert (colour.cutout(white, [0.0, 0.0], options) == 128).sum() == 2 * 2 * 3
    assert (white == 255).all()


# RandAugment


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_operation_of_randaugment_works_at_any_strength(name, channels):
    source = picture(channels=channels)
    before = source.copy()
    results = [
        OPERATIONS[name](source, strength, "reflect").reshape(source.shape) for strength in (-1, -0.3, 0, 0.3, 1)
    ]
    assert {result.dtype for result in results} == {np.dtype(np.uint8)}
    assert np.array_equal(source, before)
    if name not in ("auto_contrast", "equalize"):
        assert np.array_equal(results[2], source), "no strength, no change"
    if name not in ("auto_contrast", "equalize", "identity") and (name, channels) != ("color", 1):
        assert not np.array_equal(results[4], source)


def test_operations_of_randaugment_are_the_papers():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert np.array_equal(OPERATIONS["solarize"](ramp, 1, "edge").ravel(), np.arange(256)[::-1])
    assert np.array_equal(OPERATIONS["posterize"](ramp, -1, "edge"), ramp // 16 * 16)
    narrow = ramp // 4 + 50
    assert np.array_equal(
        OPERATIONS["auto_contrast"](narrow, 0, "edge").ravel(), rounded((narrow.ravel() - 50) * (255 / 63))
    )
    moved = OPERATIONS["translate_x"](ramp, 331 / 150 / 16 * 3, "edge").reshape(16, 16)
    assert np.array_equal(moved[:, :13], ramp[:, 3:, 0])


def test_randaugment_draws_all_fourteen_and_at_both_signs():
    seen = []
    options = Augmentation(randaugment=2, magnitude=15)
    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setitem(OPERATIONS, name, lambda it, strength, border, name=name: seen.append((name, strength)) or it)
        for position in range(300):
            augmented(options, position)
    assert len(seen) == 600 and len(set(seen)) == 28
    assert {abs(strength) for _, strength in seen} == {0.5}
