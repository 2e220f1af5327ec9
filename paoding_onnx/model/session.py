"""The only module that knows onnxruntime: run a model, measure how long it takes.

Weights are handed over without a copy, so a session costs no second set of them and knows no 2 GB limit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.load import MOST_KEPT, PLACEHOLDER, Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.model.subgraphs import has_subgraphs
from paoding_onnx.names import PROVIDERS

RUN_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    MemoryError,
    *(error for error in vars(ort_errors).values() if isinstance(error, type) and issubclass(error, Exception)),
)
"""All that onnxruntime is known to raise for a model or input that it does not take."""
SHARED_BYTES = 1 << 20
"""A lean session that optimises has copies of weights below this, as the optimiser reads mostly small ones."""
FEW_INITIALIZERS = 1000
_QUIET, _LOUD = 4, 2
_CPU = "CPUExecutionProvider"
_PROVIDERS = MappingProxyType(
    {
        "cpu": _CPU,
        "cuda": "CUDAExecutionProvider",
        "openvino": "OpenVINOExecutionProvider",
        "dml": "DmlExecutionProvider",
        "coreml": "CoreMLExecutionProvider",
    }
)
"""What onnxruntime calls the words of `paoding_onnx.names.PROVIDERS`."""
_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : "  # a status, often with another one inside
    r"|/\S+\.(?:cc|h):\d+ [^()]*\([^()]*\) "  # a source file with the signature of a function
    r"|\b\w+\.(?:cc|h):\d+ \w+ "  # or with its name alone
)
"""What onnxruntime's messages say about itself."""


def require_provider(name: str) -> None:
    """Refuse a provider that the installed onnxruntime has not.

    >>> require_provider("cpu")

    Raises:
        UsageError: if it has not, or there is none of that name.
    """
    there = ort.get_available_providers()
    known = [word for word, full in _PROVIDERS.items() if full in there]
    if name not in known:
        said = "" if name in _PROVIDERS else f"; none is called so, they are {', '.join(_PROVIDERS)}"
        raise UsageError(f"onnxruntime has no provider {name!r} here, it has {', '.join(known)}{said}")


class Session:
    """A model ready to run.

    Args:
        model: the model, or the path of a file.
        watch: names of inner tensors to return besides the outputs.
        optimise: let onnxruntime fuse nodes, as it would for a user; off where numbers are compared.
        low_memory: save memory where `optimise` would cost much: no copy or faster layout of large weights, and freed
            memory returned at once. Not for models in which onnxruntime would compute with large weights to optimise.
        on: how many threads onnxruntime may use for a node, and the provider that runs what it can; the CPU does the
            rest.
        verbose: let onnxruntime print its own warnings.

    Raises:
        ModelError: if onnxruntime does not load the model.
    """

    _is_timed = False
    """Whether all is as onnxruntime has it by default, also what costs processors and memory that others could have.

    Threads then wait for work without a pause, and a block is laid by for all that a run of the same sizes takes. To
    find places in it takes time that grows with the square of the number of weights.
    """
    _falls_back = True
    """Whether the processor runs a model that another provider does not take."""
    _is_wide = False
    """Whether sums of products of 8 bits are right on every processor, where `optimise` is off."""
    _trail: Path | None = None
    """How the name of a file begins in which onnxruntime notes what each node took."""

    def __init__(
        self,
        model: Model | Path,
        *,
        watch: Sequence[str] = (),
        optimise: bool = False,
        low_memory: bool = False,
        on: Deployment = ANYHOW,
        verbose: bool = False,
    ) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = _LOUD if verbose else _QUIET
        options.intra_op_num_threads = on.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(self._is_timed)))
        if self._trail is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(self._trail)
        options.graph_optimization_level = _level(
            optimise=optimise or self._is_wide, low_memory=low_memory or self._is_wide
        )
        if self._is_wide:
            _widen(options)
        options.enable_mem_pattern = self._is_timed
        if not optimise or low_memory:
            options.enable_cpu_mem_arena = False
            # where tensors grow from step to step it may give one the place of another that is smaller
            options.enable_mem_reuse = not (isinstance(model, Model) and has_subgraphs(model.proto.graph))
            options.add_session_config_entry("session.disable_prepacking", "1")
        weights = model.weights if isinstance(model, Model) else {}
        if isinstance(model, Model) and on.provider != PROVIDERS[0]:  # others read weights from the model alone
            model, weights = _with_weights(model), {}
            options.enable_mem_pattern = False  # DirectML cannot do with it
        source = _with_outputs(model.proto, watch) if isinstance(model, Model) else str(model)
        self._held = {name: _value(array) for name, array in weights.items()}
        is_lent = not self._is_wide and (low_memory or not optimise)
        shared = {name for name, array in weights.items() if is_lent and (not optimise or array.nbytes >= SHARED_BYTES)}
        with scratch_folder() as folder:
            _hand_over(options, self._held, shared, folder)
            words = [on.provider, *([PROVIDERS[0]] if self._falls_back else [])]
            self._session = _loaded(source, options, list(dict.fromkeys(words)))
        self.output_names: tuple[str, ...] = tuple(output.name for output in self._session.get_outputs())

    def run(self, feeds: Mapping[str, Array], only: Collection[str] | None = None) -> dict[str, Array]:
        """Outputs (and watched tensors) by name; parts of a sequence or map as ``name[0]``, absent optionals left out.

        Of those in `only`, if it is given: what else is computed is not held.

        Raises:
            ModelError: if the model does not run on these inputs.
        """
        names = [name for name in self.output_names if only is None or name in only]
        try:
            values = self._session.run(names, dict(feeds)) if names else []  # of no names, all would be returned
        except RUN_ERRORS as error:
            raise ModelError(f"onnxruntime does not run the model: {one_line(error)}") from error
        pairs = zip(names, values, strict=True)
        return {name: array for output, value in pairs for name, array in _arrays(output, value)}


def _loaded(source: str | bytes, options: ort.SessionOptions, providers: Sequence[str]) -> ort.InferenceSession:
    """A session of onnxruntime's by the first provider that takes the model; the processor does what that leaves.

    Raises:
        ModelError: if none takes it.
    """
    try:
        return ort.InferenceSession(
            source,
            options,
            providers=list(dict.fromkeys([_PROVIDERS[providers[0]], _CPU])),
            enable_fallback=0,  # it would print to stdout, and try the same once more
        )
    except RUN_ERRORS as error:
        if len(providers) > 1:
            return _loaded(source, options, providers[1:])
        raise ModelError(f"onnxruntime does not load the model: {one_line(error)}") from error


def _with_weights(model: Model) -> Model:
    """The model with its weights in it.

    Raises:
        ModelError: if they are too large for that.
    """
    if sum(array.nbytes for array in model.weights.values()) > MOST_KEPT:
        raise ModelError("more than 2 GB of weights cannot be handed to another provider than cpu")
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for tensor in proto.graph.initializer:
        if tensor.name in model.weights:
            values = np.asarray(model.weights[tensor.name], order="C")
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return Model(proto, MappingProxyType({}))


def _value(array: Array) -> ort.OrtValue:
    """An array as onnxruntime has it, without a copy."""
    if array.dtype.isbuiltin == 1:
        return ort.OrtValue.ortvalue_from_numpy(array)
    bits = array.view(np.dtype(f"u{array.dtype.itemsize}"))
    return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, onnx.helper.np_dtype_to_tensor_dtype(array.dtype))


class DeployedSession(Session):
    """A session in which threads wait as onnxruntime lets them by default, to be timed on nothing but its provider."""

    _is_timed = True
    _falls_back = False


class WideSession(Session):
    """A session in which sums of products of 8 bits are right on every processor.

    x86 without VNNI adds two of them in 16 bits, which overflow; what overflows depends on which units are neighbours,
    and a model without some differs. onnxruntime's optimiser gets around that where it is asked to.
    """

    _is_wide = True


def _arrays(name: str, value: object) -> Iterator[tuple[str, Array]]:
    """The arrays that an output consists of, each with its name."""
    if isinstance(value, list | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _arrays(f"{name}[{key}]", part)
    elif value is not None:
        yield name, np.asarray(value)


def one_line(error: Exception) -> str:
    """First sentence of an onnxruntime message, without its source locations."""
    return _NOISE.sub("", " ".join(str(error).split()))[:300]


def _widen(options: ort.SessionOptions) -> None:
    """Have sums of products of 8 bits taken in 32; what is in floats between two quantizations stays in floats."""
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.add_session_config_entry("session.disable_quant_qdq", "1")


def _level(*, optimise: bool, low_memory: bool) -> ort.GraphOptimizationLevel:
    """How much onnxruntime may optimise; its last level changes the layout of weights, which takes copies."""
    levels = ort.GraphOptimizationLevel
    if not optimise:
        return levels.ORT_DISABLE_ALL
    return levels.ORT_ENABLE_EXTENDED if low_memory else levels.ORT_ENABLE_ALL


def _hand_over(options: ort.SessionOptions, values: Mapping[str, ort.OrtValue], shared: Set[str], folder: Path) -> None:
    """Let a session use the weights in `shared` in place of its own copy; it gets copies of the others.

    The model says that weights are in a file; an empty one in `folder` satisfies onnxruntime, which never reads it. Its
    optimiser, though, may want to see and change weights: those it must have copies of, or it fails.
    """
    copied = [name for name in values if name not in shared]
    if copied:
        options.add_external_initializers(copied, [values[name] for name in copied])
    if shared:
        (folder / PLACEHOLDER).touch()
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    for name in values:
        if name in shared:
            options.add_initializer(name, values[name])


def _with_outputs(proto: onnx.ModelProto, names: Sequence[str]) -> bytes:
    """The model with more outputs, and without the many initializers that nothing reads, if there are many.

    onnxruntime removes those one by one, in time that grows with the square of their number.
    """
    unread = _unread(proto.graph) if len(proto.graph.initializer) > FEW_INITIALIZERS else set()
    if not names and len(unread) <= FEW_INITIALIZERS:
        return bytes(proto.SerializeToString())
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    if len(unread) > FEW_INITIALIZERS:
        read = [tensor for tensor in proto.graph.initializer if tensor.name not in unread]
        del copy.graph.initializer[:]
        copy.graph.initializer.extend(read)
    known = {info.name for info in proto.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    return bytes(copy.SerializeToString())


def _unread(graph: onnx.GraphProto) -> set[str]:
    """Names of initializers that no node reads, nor any in a subgraph, and that are neither input nor output."""
    unread = {tensor.name for tensor in graph.initializer} - {info.name for info in (*graph.input, *graph.output)}
    nodes = list(graph.node)
    while nodes:
        node = nodes.pop()
        unread.difference_update(node.input)
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                unread.difference_update(info.name for info in inner.output)
                nodes.extend(inner.node)
    return unread
