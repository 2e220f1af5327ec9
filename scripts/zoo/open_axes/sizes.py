"""Sizes that many models share; no number of a row is that of the size exported at."""

from __future__ import annotations

from scripts.zoo.open_axes.model import Input, OpenModel, Size, sizes

IMAGE_TRACED: Size = {"batch": 2, "height": 64, "width": 96}
"""The images that models are exported with."""
BY_32 = sizes(batch=(3, 1, 5, 6, 4), height=(224, 96, 128, 160, 192), width=(320, 160, 64, 128, 224))
"""Images of multiples of 32."""
ODD = sizes(batch=(3, 1, 5, 4, 6), height=(224, 97, 75, 110, 131), width=(320, 131, 50, 203, 77))
"""Images of any size."""
ONE_IMAGE_TRACED: Size = {"height": 128, "width": 160}
"""The one image that detectors are exported with."""
ONE_IMAGE = sizes(height=(224, 97, 200, 300, 160), width=(320, 211, 150, 131, 128))
"""One image of any size."""
TEXT_TRACED: Size = {"batch": 2, "length": 11}
"""The texts that encoders are exported with."""
TEXT = sizes(batch=(3, 1, 4, 5, 6), length=(40, 600, 7, 64, 1))
"""Texts, one of 600 words and one of one word."""
PAST_TRACED: Size = {"batch": 2, "length": 5, "past": 4}
"""The texts that decoders are exported with."""
PAST = sizes(batch=(3, 1, 4, 5, 6), length=(8, 600, 6, 1, 2), past=(7, 0, 0, 33, 130))
"""Texts behind pasts of several lengths, two of them empty."""
SOUND_TRACED: Size = {"batch": 2, "samples": 5000}
"""The sound that models are exported with."""
SOUND = sizes(batch=(3, 1, 4, 5, 1), samples=(16000, 32000, 4321, 8000, 20011))
"""Sounds; 16000 samples are a second."""


def image(batch: str | int = "batch") -> tuple[Input, ...]:
    """The input of models of images."""
    return (Input("image", (batch, 3, "height", "width")),)


def ids(n: int = 300, name: str = "input_ids") -> Input:
    """Words below a vocabulary of `n`."""
    return Input(name, ("batch", "length"), f"ids 3 {n}")


def images(make: object, **chosen: object) -> OpenModel:
    """A model of images, of multiples of 32 unless other sizes are `chosen`."""
    given = {"inputs": image(), "traced": IMAGE_TRACED, "sizes": BY_32} | chosen
    return OpenModel(make, **given)  # type: ignore[arg-type]
