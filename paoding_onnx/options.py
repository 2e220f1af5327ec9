"""What a user can ask of a pruning run; checked here, once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.calibration.known_inputs import InputValue, KnownInputs
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.context import Deployment
from paoding_onnx.dependency.scope import ANYWHERE, Scope
from paoding_onnx.errors import UsageError
from paoding_onnx.names import (
    ALLOCATIONS,
    AUTO,
    BUDGETS,
    DEVICES,
    EFFORTS,
    KINDS,
    LOOKING_AT_INPUTS,
    METHOD_NAMES,
    ON_INTERRUPT,
    PROVIDERS,
    Allocation,
    Budget,
    Effort,
    OnInterrupt,
    Prefer,
)
from paoding_onnx.rules.devices import DEVICES as DEVICE_FACTS
from paoding_onnx.rules.devices import Rounding

SMALLEST_STEP = 0.001
"""More steps than a thousand change nothing but the time they take."""
SMALLEST_MEMORY = 1 << 24
MOST_THREADS = 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How to prune.

    >>> Options(target=0.3, by="parameters", exclude=("head*",)).method
    'reconstruction'

    Attributes:
        target: share to remove, in (0, 1), of what `by` counts.
        by: what the target is a share of, over the whole model: its prunable ``units``, its ``parameters``, their
            ``bytes``, its ``macs``, or the ``latency`` of a run. How much each group loses is up to `allocation`.
            Parameters where nothing is said, but units for the method of the paper, which says so, and those that it is
            compared with.
        step: share removed per step of methods whose later steps depend on earlier ones; in [0.001, 1].
        method: a name in `paoding_onnx.names.METHOD_NAMES`.
        exclude: glob patterns of nodes or initializers that keep their size.
        only: glob patterns; if given, only units made at matching nodes go.
        exact_only: leave units whose removal is inexact by nature, such as channels under a LayerNormalization.
        choose: ``blocks``, ``positions`` or ``auto``, for all nodes or, as ``GLOB=blocks``, for some: what goes where
            an axis is made of several factors, whole heads and groups or the same positions in each.
        round_to: kept units of each group a multiple of this where possible; 0 chooses what the kernels like.
        device: round as this device or runtime likes it, a name in `paoding_onnx.names.DEVICES`; in place of
            `round_to`.
        allocation: ``measured`` takes units where the outputs are least sensitive, ``uniform`` the same share of every
            group, as in the paper. Methods that look at no inputs are always uniform.
        seed: for synthetic inputs, and methods that draw at random.
        memory: bytes of activations to hold at a time; more go to temporary files.
        input_kind: what synthetic inputs are like: ``images``, ``table``, ``tokens``, ``audio`` or ``noise``; ``auto``
            finds out.
        preprocess: how raw values become what the model reads, for synthetic inputs and calibration data alike;
            guessed from the model where nothing is said.
        eval: labelled samples (see `paoding_onnx.evaluation.load`) on which accuracy is measured after every step.
        calibration: unlabelled samples of real inputs, to be used in place of synthetic ones: an ``.npz`` or ``.npy``
            file, or a folder of images.
        distill: steps in which synthetic inputs are moved, by gradient, towards the statistics that BatchNormalization
            nodes store of the training data; takes about ten runs of the model a step. 20 do.
        effort: how long the original teaches the smaller model after its layers were fitted: ``fast`` not at all,
            ``normal`` for up to 300 steps in about half a minute, ``high`` for up to 1,000 in some minutes.
        recover: exactly so many steps, whatever they take; 0 leaves it to `effort`.
        on_interrupt: what Ctrl-C does while the original teaches: ``drop`` everything, or ``keep`` what was learned by
            then, if it helps, and go on.
        input_shapes: shapes for inputs with open axes, by name; found by trying where not given.
        latency: time both models in the end; off where other work runs beside this.
        latency_table: times of the model's layers by their widths, from `paoding_onnx.profile`, for a target that
            counts latency; measured here where nothing is said.
        keep_accuracy: remove as much as keeps the accuracy on the labelled samples of `eval`: it may drop by at most
            this share. The target is found then.
        keep_answers: remove as much as leaves at least this share of the answers as they were, on inputs that nothing
            is fitted on. The target is found then.
        provenance: let the written file tell, in its metadata, what it was made from and how.
        fail_if: conditions under which nothing is written, such as ``agreement<0.95``; see
            `paoding_onnx.evaluation.gates`.
        input_values: what inputs hold, by name: a number, numbers along the last axis, or the path of a .npy or .npz
            file, in which rows along the first axis are for samples; other contents are the same for all.
        cache: a folder in which inputs that were made for a model, and what was measured of it, are kept for later
            runs with other targets.
        vocabulary: a file of ids or tokens to keep (see `paoding_onnx.vocabulary.keep_list`): the rows of the others
            leave the tables, and those that stay get new numbers. The target counts what is left, and may be 0 then.
        depth: so many residual branches go whole before layers become narrower, those without which the outputs move
            least for what they carry; the target, which counts them, may be 0 then. Where nothing is said, as many as
            move the outputs less than narrower layers would; for methods that look at no inputs none.
        provider: on what models run where they run for long (observing, sensitivity, learning) and where they are
            timed: a word in `paoding_onnx.names.PROVIDERS`. Proofs and fits are made on the processor.
        verbose: let onnxruntime print its own warnings about the model.

    Raises:
        UsageError: if a value is out of its range.
    """

    target: float = 0.5
    by: Budget | None = None
    step: float = 0.05
    method: str = "reconstruction"
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    exact_only: bool = False
    choose: tuple[str, ...] = ()
    round_to: int = AUTO
    device: str | None = None
    allocation: Allocation = "measured"
    seed: int = 0
    memory: int = 1 << 29
    threads: int = 0
    input_kind: str = "auto"
    preprocess: Preprocess = AS_IT_IS
    calibration: Path | None = None
    distill: int = 0
    effort: Effort = "normal"
    recover: int = 0
    on_interrupt: OnInterrupt = "drop"
    eval: Path | None = None
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    latency: bool = True
    latency_table: Path | None = None
    keep_accuracy: float | None = None
    keep_answers: float | None = None
    provenance: bool = True
    fail_if: tuple[str, ...] = ()
    input_values: Mapping[str, InputValue] = field(default_factory=dict)
    cache: Path | None = None
    vocabulary: Path | KeptIds | None = None
    depth: int | None = None
    provider: str = "cpu"
    verbose: bool = False

    def __post_init__(self) -> None:
        """Check every value once, here."""
        is_enough = self.target > 0 or (self.target == 0 and (self.vocabulary is not None or bool(self.depth)))
        if not (math.isfinite(self.target) and is_enough and self.target < 1):
            raise UsageError(f"target {self.target} is not between 0 and 1: it is the share to remove, such as 0.5")
        if not (math.isfinite(self.step) and SMALLEST_STEP <= self.step <= 1):
            raise UsageError(
                f"step {self.step} is not in [{SMALLEST_STEP}, 1]: it is the share removed per step, such as 0.05"
            )
        if self.by is not None and self.by not in BUDGETS:
            raise UsageError(f"by {self.by!r} is none of {', '.join(BUDGETS)}")
        if self.method not in METHOD_NAMES:
            raise UsageError(f"method {self.method!r} is none of {', '.join(METHOD_NAMES)}")
        for text in self.choose:
            _choice(text)
        if self.allocation not in ALLOCATIONS:
            raise UsageError(f"allocation {self.allocation!r} is none of {', '.join(ALLOCATIONS)}")
        if self.provider not in PROVIDERS:
            raise UsageError(f"provider {self.provider!r} is none of {', '.join(PROVIDERS)}")
        if self.provider != PROVIDERS[0] and self.budget == "latency":
            raise UsageError("a target that counts latency goes by times on the processor: leave provider out")
        if self.input_kind not in KINDS:
            raise UsageError(f"input_kind {self.input_kind!r} is none of {', '.join(KINDS)}")
        if self.effort not in EFFORTS:
            raise UsageError(f"effort {self.effort!r} is none of {', '.join(EFFORTS)}")
        if self.on_interrupt not in ON_INTERRUPT:
            raise UsageError(f"on_interrupt {self.on_interrupt!r} is none of {', '.join(ON_INTERRUPT)}")
        if self.memory < SMALLEST_MEMORY:
            raise UsageError(
                f"memory {self.memory} is less than {SMALLEST_MEMORY} bytes (16 MB), too little to work with"
            )
        if self.threads > MOST_THREADS:
            raise UsageError(f"threads {self.threads} are more than {MOST_THREADS}")
        if min(self.round_to, self.seed, self.distill, self.threads, self.recover, self.depth or 0) < 0:
            raise UsageError("round_to, seed, distill, threads, recover and depth must not be negative")
        if self.depth and (self.keeps or self.budget == "latency"):
            raise UsageError("depth goes with a target of units, parameters, bytes or macs: how many branches is said")
        self._check_keeping()
        self._check_device()
        self._check_latency()
        useless = [name for name in ("distill", "recover", "calibration") if getattr(self, name)]
        if self.method not in LOOKING_AT_INPUTS and useless:
            raise UsageError(
                f"{useless[0]} has no effect on method {self.method}, which looks at no inputs: leave it out"
            )
        if self.distill and self.calibration is not None:
            raise UsageError("distill is for synthetic inputs: leave it out, as calibration brings real ones")

    def _check_latency(self) -> None:
        if self.latency_table is not None and self.budget != "latency":
            raise UsageError(f"latency_table has no effect on a target that counts {self.budget}: give by latency")
        if self.budget == "latency" and not self.latency and self.latency_table is None:
            raise UsageError(
                "a target that counts latency is met by timing the models: leave latency on, or give latency_table, "
                "which alone decides then"
            )

    def _check_device(self) -> None:
        if self.device is not None and self.device not in DEVICES:
            raise UsageError(f"device {self.device!r} is none of {', '.join(DEVICES)}")
        if self.device is not None and self.round_to != AUTO:
            raise UsageError(f"round_to and device {self.device} both say how to round: give one of them")

    def _check_keeping(self) -> None:
        for name in ("keep_accuracy", "keep_answers"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 < value < 1):
                raise UsageError(f"{name} {value} is not between 0 and 1: it is a share, such as 0.01 or 0.98")
        if self.keep_accuracy is not None and self.keep_answers is not None:
            raise UsageError("keep_accuracy and keep_answers are two ways to find the target: give one of them")
        if self.keep_accuracy is not None and self.eval is None:
            raise UsageError("keep_accuracy needs labelled samples: give eval, or keep_answers, which needs none")

    @property
    def keeps(self) -> bool:
        """Whether the target is to be found."""
        return self.keep_accuracy is not None or self.keep_answers is not None

    @property
    def rounding(self) -> Rounding:
        """The number that kept units of a group should be a multiple of, or the device that says it."""
        return self.round_to if self.device is None else DEVICE_FACTS[self.device]

    @property
    def budget(self) -> Budget:
        """What the target counts, said or not.

        >>> Options().budget, Options(method="paoding").budget
        ('parameters', 'units')
        """
        return self.by or ("parameters" if self.method == "reconstruction" else "units")

    @property
    def deployment(self) -> Deployment:
        """On what models are timed."""
        return Deployment(self.threads, self.provider)

    @property
    def inputs(self) -> InputOptions:
        """What is known about the model's inputs."""
        ids = self.vocabulary if isinstance(self.vocabulary, KeptIds) else None
        return InputOptions(self.input_kind, self.preprocess, ids)

    @property
    def known_inputs(self) -> KnownInputs:
        """Shapes and values of inputs."""
        return KnownInputs(self.input_shapes, self.input_values)

    @property
    def scope(self) -> Scope:
        """What may be pruned at all."""
        return Scope(self.exclude, self.only, self.exact_only, tuple(_choice(text) for text in self.choose))


def _choice(text: str) -> tuple[str, Prefer]:
    """``positions`` for every node, ``GLOB=positions`` for those that match."""
    pattern, _, word = text.rpartition("=")
    if word not in {str(prefer) for prefer in Prefer}:
        raise UsageError(
            f"choose {text!r} does not end in one of {', '.join(Prefer)}, such as 'blocks' or 'GLOB=positions'"
        )
    return pattern or ANYWHERE, Prefer(word)
