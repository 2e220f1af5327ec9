"""Which counts of channels devices like, and what else is known to limit them: figures that others published.

To add a device: an entry here, its name in `paoding_onnx.names.DEVICES`. A figure without a source is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from paoding_onnx.rules.kernels import DENSE_MULTIPLE, DEPTHWISE_MULTIPLE


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known of a device, and where it stands."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Device:
    """What a device or its runtime likes.

    `dense` is the number whose multiples are liked as channel counts of convolutions, `depthwise` the same for
    depthwise ones, `matrix` for products of matrices; 1 where nothing is published. `facts` say why.
    """

    dense: int
    depthwise: int
    matrix: int
    facts: tuple[Fact, ...]

    def multiple(self, channel_multiples: tuple[int, ...]) -> int:
        """The multiple for channels that meet layers which onnxruntime likes at these multiples; none are matrices.

        >>> DEVICES["onnxruntime-x86"].multiple((4, 16)), DEVICES["hailo"].multiple((16,))
        (16, 1)
        """
        kinds = {DENSE_MULTIPLE: self.dense, DEPTHWISE_MULTIPLE: self.depthwise}
        return max((kinds.get(liked, self.matrix) for liked in channel_multiples), default=self.matrix)


Rounding = int | Device
"""A number that the kept units of a group should be a multiple of, 0 for what kernels like, or a device."""
_NOTHING = "no published figure for channel counts was found, so counts are kept exactly"
DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        "onnxruntime-x86": Device(
            DENSE_MULTIPLE,
            DEPTHWISE_MULTIPLE,
            1,
            (
                Fact(
                    "convolutions get faster in steps of 16 channels, depthwise ones are slow off multiples of 4",
                    "measured for this package with onnxruntime 1.32 on x86 with AVX-512",
                ),
                Fact(
                    "convolutions work on blocks of 8 channels, of 16 with AVX-512",
                    "github.com/microsoft/onnxruntime, onnxruntime/core/mlas/lib/platform.cpp, NchwcBlockSize",
                ),
            ),
        ),
        "onnxruntime-arm": Device(
            16,
            16,
            1,
            (
                Fact(
                    "where it is built with them, convolutions work on blocks of 16 channels",
                    "github.com/microsoft/onnxruntime, onnxruntime/core/mlas/lib/mlasi.h, MLAS_NEON_NCHWC_BLOCK_SIZE",
                ),
            ),
        ),
        "tensorrt": Device(
            8,
            8,
            8,
            (
                Fact(
                    "Tensor Cores want channels that are a multiple of 8 for float16 (4 for TF32)",
                    "NVIDIA, Convolutional Layers User's Guide, as quoted at ai.oldpan.me/t/topic/138",
                ),
                Fact(
                    "float16 tensors are stored with channels filled up to a multiple of 8",
                    "github.com/NVIDIA/TensorRT/issues/3876, the format that TensorRT prints of its layers",
                ),
            ),
        ),
        "openvino": Device(
            16,
            16,
            1,
            (
                Fact(
                    "on a CPU, channels are laid out in blocks of 8 or 16, the last of them filled up with zeros",
                    "oneapi-src.github.io/oneDNN, Understanding Memory Formats",
                ),
            ),
        ),
        "ncnn": Device(
            8,
            8,
            8,
            (
                Fact(
                    "channels are packed by 16, 8 or 4, the largest that divides their number and the processor has; "
                    "off multiples of 4 they are not packed at all",
                    "github.com/Tencent/ncnn, docs/developer-guide/element-packing.md, "
                    "src/layer/x86/convolution_x86.cpp",
                ),
            ),
        ),
        "rknn": Device(
            16,
            16,
            16,
            (
                Fact(
                    "int8 tensors are stored with channels in blocks of 16",
                    "github.com/airockchip/rknn-toolkit2/issues/163, shapes that the compiler prints (NC1HWC2)",
                ),
            ),
        ),
        "hailo": Device(1, 1, 1, (Fact(_NOTHING, "a search of public pages"),)),
        "ethos-u": Device(
            16,
            16,
            16,
            (
                Fact(
                    "between layers, channels are stored in bricks of 16, the last one filled up",
                    "pypi.org/project/ethos-u-vela, TensorFormat.NHCWB16",
                ),
                Fact("only layers in 8- or 16-bit integers are accelerated", "pypi.org/project/ethos-u-vela"),
            ),
        ),
        "coreml": Device(
            1,
            1,
            1,
            (
                Fact(_NOTHING, "a search of public pages"),
                Fact(
                    "on the Neural Engine the last axis, not the channels, is filled up to 64 bytes",
                    "machinelearning.apple.com/research/neural-engine-transformers",
                ),
            ),
        ),
    }
)
"""All devices by name."""
