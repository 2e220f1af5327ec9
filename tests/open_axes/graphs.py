"""Random networks whose shapes are computed from open axes; they run at any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.open_axes import images, patterns, rows
from tests.open_axes.sketch import Sketch, Value

_PIXELS = st.one_of(st.integers(1, 9), st.integers(10, 70))
_STEPS = st.one_of(_PIXELS, st.integers(100, 400))


@dataclass(frozen=True)
class Drawn:
    """A network as ONNX text, and sizes to run it at, by the name of the axis."""

    text: str
    inputs: dict[str, tuple[str | int, ...]]
    """The axes of each input; a size A is that of P and T together, and what has it is a mask."""
    sizes: tuple[dict[str, int], ...]

    def feeds(self, sizes: dict[str, int], seed: int) -> dict[str, NDArray[np.generic]]:
        """Contents for the inputs at these sizes."""
        rng = np.random.default_rng(seed)
        known = {**sizes, "A": sizes.get("P", 0) + sizes.get("T", 0)}
        shapes = {name: [known.get(str(dim), dim) for dim in dims] for name, dims in self.inputs.items()}
        return {
            name: rng.integers(0, 2, shape) if "A" in self.inputs[name] else rng.standard_normal(shape, np.float32)
            for name, shape in shapes.items()
        }


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    """A network of tokens or images, with layers before, between and behind what is done to its sizes."""
    net = Sketch(draw)
    is_image = draw(st.booleans())
    steps = (*images.STEPS, *patterns.OF_IMAGES) if is_image else (*rows.STEPS, *patterns.OF_ROWS)
    inputs: dict[str, tuple[str | int, ...]] = {"x": ("N", 3, "H", "W") if is_image else ("N", "T", 6)}
    x = Value("x", 4, 1, 3) if is_image else Value("x", 3, 2, 6)
    net.seen.append(x)
    x = images.conv(net, x) if is_image else rows.dense(net, x)
    if not is_image and net.chance(4):
        inputs["z"] = ("N", "S", 6)
        other = rows.dense(net, Value("z", 3, 2, 6), x.channels)
        x = net.keep(net.op("Concat <axis=1>", x.name, other.name), x)
    elif not is_image and net.chance(4):
        inputs |= {"past": ("N", 2, "P", 4), "mask": ("N", "A")}
        x = patterns.decoder(net, x, "past", "mask")
    for step in draw(st.lists(st.sampled_from(steps), min_size=1, max_size=5)):
        x = step(net, x)
    weights = net.weight(5, x.channels, 1, 1) if is_image else net.weight(x.channels, 5)
    net.lines.append(f"[y] y = {'Conv' if is_image else 'MatMul'} ({x.name}, {weights})")
    kinds = {name: "int64" if "A" in dims else "float" for name, dims in inputs.items()}
    heads = ", ".join(f"{kinds[name]}[{','.join(map(str, dims))}] {name}" for name, dims in inputs.items())
    dims = "a,5,b,c" if is_image else "a,b,5"
    text = f"g ({heads}) => (float[{dims}] y)\n <{', '.join(net.weights)}> {{\n  " + "\n  ".join(net.lines) + "\n}"
    names = sorted({str(dim) for of in inputs.values() for dim in of if not isinstance(dim, int)} - {"A"})
    sizes = tuple(
        {name: draw(st.integers(1, 4) if name == "N" else _PIXELS if is_image else _STEPS) for name in names}
        for _ in range(4)
    )
    return Drawn(text, inputs, sizes)
