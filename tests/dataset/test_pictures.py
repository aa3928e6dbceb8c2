import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digits_core.dataset import pictures
from digits_core.dataset.pictures import PADDING, PictureUnreadable, prepare_picture


def prepare(picture, width=8, height=8, channels=3, resize="squash"):
    return prepare_picture(picture, width=width, height=height, channels=channels, resize=resize)


def halves(width=40, height=20):
    """Left half black, right half white."""
    pixels = np.zeros((height, width), np.uint8)
    pixels[:, width // 2 :] = 255
    return pixels


sides = st.integers(1, 40)


@given(source=st.tuples(sides, sides), size=st.tuples(sides, sides), channels=st.sampled_from([1, 3]), data=st.data())
def test_every_mode_gives_the_size_asked_for(source, size, channels, data):
    resize = data.draw(st.sampled_from(["squash", "crop", "fill", "half-crop"]))
    result = prepare(np.full((*source, 3), 200, np.uint8), *size, channels, resize)
    assert result.shape == (size[1], size[0], channels) and result.dtype == np.uint8
    if resize in ("squash", "crop"):
        assert (result == 200).all()


def test_a_picture_of_the_right_size_is_left_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for resize in ("squash", "crop", "fill", "half-crop"):
        assert np.array_equal(prepare(pixels, resize=resize), pixels)


def test_squash_keeps_all_of_the_picture():
    result = prepare(halves(), 10, 10, 1, "squash")
    assert (result[:, :4] == 0).all() and (result[:, 6:] == 255).all()


def test_crop_keeps_the_aspect_and_cuts_the_sides():
    pixels = np.full((20, 60), 50, np.uint8)
    pixels[:, 20:40] = 200
    assert (prepare(pixels, 10, 10, 1, "crop")[:, 1:-1] == 200).all()


def test_fill_keeps_the_aspect_and_pads_with_gray():
    result = prepare(np.full((10, 20), 255, np.uint8), 20, 20, 1, "fill")[:, :, 0]
    assert (result[:5] == PADDING).all() and (result[15:] == PADDING).all() and (result[5:15] == 255).all()


def test_half_crop_cuts_half_and_pads_half():
    # 30 x 10 to 20 x 20: reductions 1.5 and 0.5, mean 1, so the picture keeps its size.
    pixels = np.arange(30, dtype=np.uint8)[np.newaxis].repeat(10, axis=0)
    result = prepare(pixels, 20, 20, 1, "half-crop")[:, :, 0]
    assert (result[:5] == PADDING).all() and (result[15:] == PADDING).all()
    assert np.array_equal(result[5:15], pixels[:, 5:25])


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_usual_formats_are_read(encode, form):
    image = Image.fromarray(np.full((9, 7, 3), (200, 30, 90), np.uint8))
    assert np.abs(prepare(encode(image, form)).astype(int) - (200, 30, 90)).max() < 12


def test_the_exif_orientation_turns_the_picture_upright(encode):
    image = Image.fromarray(halves(20, 10)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # Shown turned by 90 degrees clockwise: left becomes top.
    turned = prepare(encode(image, "JPEG", exif=exif, quality=95), 10, 20, 1)
    assert turned[:8].max() < 20 and turned[12:].min() > 235


def test_a_large_turned_jpeg_is_not_reduced_along_the_wrong_side(encode):
    lines = np.zeros((200, 1600), np.uint8)
    lines[::4] = lines[1::4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = prepare(encode(Image.fromarray(lines), "JPEG", exif=exif, quality=95), 200, 16, 1)
    assert turned.std() > 100  # All 200 lines are still there, now from left to right.


def test_reducing_a_large_jpeg_while_decoding_changes_next_to_nothing(encode):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8))
    image = noise.resize((1600, 1200), Image.Resampling.BICUBIC)
    data = encode(image, "JPEG", quality=95)
    reduced = prepare(data, 100, 75).astype(int)
    plain = prepare(np.asarray(Image.open(io.BytesIO(data))), 100, 75).astype(int)
    assert np.abs(reduced - plain).mean() < 1 and np.abs(reduced - plain).max() < 16


def test_transparent_pictures_are_laid_on_white(encode):
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    half = Image.new("LA", (8, 8), (0, 128))
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([10, 20, 30] + [0] * 765)
    assert (prepare(encode(clear)) == 255).all()
    assert (prepare(encode(half), channels=1) == 127).all()
    assert (prepare(encode(palette)) == (10, 20, 30)).all()
    assert (prepare(encode(palette, transparency=0)) == 255).all()


def test_16_bit_gray_is_scaled_not_clipped(encode):
    levels = np.array([[0, 200, 257 * 100, 40_000, 65_535]], np.uint16).repeat(5, axis=0)
    expected = [0, 1, 100, 156, 255]
    assert prepare(levels, 5, 5, 1)[0, :, 0].tolist() == expected
    for form in ("PNG", "TIFF"):
        assert prepare(encode(Image.fromarray(levels), form), 5, 5, 1)[0, :, 0].tolist() == expected


def test_one_bit_and_cmyk_pictures_are_converted(encode):
    one_bit = Image.fromarray(halves(8, 8)).convert("1")
    assert {*prepare(encode(one_bit), channels=1).flat} == {0, 255}
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = prepare(encode(cmyk, "JPEG", quality=95))
    assert red[..., 0].min() > 200 and red[..., 1:].max() < 60


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 2), (6, 5, 3), (6, 5, 4)])
def test_pixels_of_one_to_four_channels_are_taken(shape):
    pixels = np.full(shape, 255, np.uint8)
    assert (prepare(pixels) == 255).all()


def test_a_file_that_is_no_picture_is_unreadable_with_a_reason():
    with pytest.raises(PictureUnreadable, match="not a picture of a known format"):
        prepare(b"hello")
    with pytest.raises(PictureUnreadable):
        prepare(b"")


def test_a_torn_picture_is_unreadable(encode):
    data = encode(Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)))
    with pytest.raises(PictureUnreadable):
        prepare(data[: len(data) // 2])


@given(data=st.data())
def test_damage_never_raises_anything_else(data):
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"]))
    stream = io.BytesIO()
    Image.fromarray(np.arange(768, dtype=np.uint8).reshape(16, 16, 3)).save(stream, form)
    damaged = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert prepare(bytes(damaged)).shape == (8, 8, 3)
    except PictureUnreadable:
        pass


def test_a_decompression_bomb_is_refused_before_it_is_decoded(encode, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 99)
    with pytest.raises(PictureUnreadable, match="10x10 pixels, at most 99"):
        prepare(encode(Image.new("L", (10, 10))))


def test_programs_are_never_started_for_a_picture():
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(PictureUnreadable, match="known format"):
        prepare(postscript)


def test_floating_point_pictures_are_refused(encode):
    with pytest.raises(PictureUnreadable, match="floating-point"):
        prepare(encode(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"))
    with pytest.raises(PictureUnreadable, match="uint8 or uint16"):
        prepare(np.zeros((4, 4), np.int64))
