"""What the name of an input says about what goes into it beside the main one: a mask, a length, a sampling rate."""

from __future__ import annotations

import re
from enum import StrEnum

from paoding_onnx.model.nodes import TensorSpec


class Companion(StrEnum):
    """What an input holds that goes along with the main one."""

    ONES = "ones"
    ZEROS = "zeros"
    HALVES = "halves"
    POSITIONS = "positions"
    LENGTHS = "lengths"
    RATE = "rate"
    LOWEST = "lowest frequency"
    HIGHEST = "highest frequency"
    PAST = "past"


RATE = 16000
"""Samples of sound in a second, as most models of speech want them."""
OF_SOUND = ("audio", "wav", "sound", "speech", "pcm")
"""Parts of names of inputs that hold sound."""
MOST_TRACKS = 8
"""Recordings have no more tracks than this; what has more are features."""
FREQUENCIES = {Companion.LOWEST: 50.0, Companion.HIGHEST: RATE / 2}
"""The ends of the range in which pitches and the like are looked for, in Hz."""
_RATES = frozenset({"sr", "rate", "fs"})
_RATE_PARTS = ("samplerate", "samplingrate", "sample_rate", "sampling_rate")
_LOWEST = frozenset({"fmin", "f_min", "f0min", "f0_min", "freq_min", "min_freq", "min_frequency"})
_HIGHEST = frozenset({"fmax", "f_max", "f0max", "f0_max", "freq_max", "max_freq", "max_frequency"})
_LENGTHS = ("length", "lens", "seqlen", "seq_len", "n_frames", "num_frames", "nframes")
_PAST = ("past", "cache", "present")
_STATES = frozenset({"state", "states", "hidden", "h", "c", "h0", "c0", "hn", "cn"})


def companion_of(spec: TensorSpec) -> Companion | None:
    """What the input holds to judge by its name and type; `None` where these say nothing.

    >>> import numpy as np
    >>> sr = TensorSpec("sr", np.dtype(np.int64), ())
    >>> str(companion_of(sr))
    'rate'
    """
    name, kind = spec.name.lower(), spec.dtype.kind if spec.dtype is not None else "O"
    words = set(re.split(r"[^a-z0-9]+", name))
    if kind == "b" or "mask" in name:
        return Companion.ONES
    if _is_rate(name, words) and len(spec.dims) < 2:
        return Companion.RATE
    if kind in "iu":
        return _of_integers(name, words)
    return _of_settings(name) if len(spec.dims) < 2 and not is_past(spec) else _past(spec)


def _past(spec: TensorSpec) -> Companion | None:
    return Companion.PAST if is_past(spec) else None


def _of_settings(name: str) -> Companion | None:
    """What floats for all samples set."""
    if name in _LOWEST | _HIGHEST:
        return Companion.LOWEST if name in _LOWEST else Companion.HIGHEST
    return Companion.HALVES if "threshold" in name else None


def _of_integers(name: str, words: set[str]) -> Companion | None:
    if "type" in name or "segment" in name:
        return Companion.ZEROS
    if "position" in name:
        return Companion.POSITIONS
    is_length = any(part in name for part in _LENGTHS) or "len" in words
    return Companion.LENGTHS if is_length else None


def is_past(spec: TensorSpec) -> bool:
    """Whether an input is what a model remembers: past keys, a cache, the state of a recurrent layer."""
    name = spec.name.lower()
    words = set(re.split(r"[^a-z0-9]+", name))
    return any(part in name for part in _PAST) or "state" in name.split("_")[-1] or not words.isdisjoint(_STATES)


def _is_rate(name: str, words: set[str]) -> bool:
    return not words.isdisjoint(_RATES) or any(part in name for part in _RATE_PARTS)
