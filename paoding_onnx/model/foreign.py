"""FOREIGN FILES: what a file is that is no ONNX model, and the command that makes one of it or fetches it."""

from __future__ import annotations

from pathlib import PurePath

_TORCH = "export it with torch.onnx.export(model, example_inputs, 'model.onnx')"
_TF = "python -m tf2onnx.convert"
_OPTIMUM = "optimum-cli export onnx --model FOLDER OUT"
_BEGINNINGS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"version https://git-lfs", "a pointer of Git LFS in place of a file", "fetch it with `git lfs pull`"),
    (0, b"<!doctype html", "a page of the web, as of a download that failed", "load it down again"),
    (0, b"<html", "a page of the web, as of a download that failed", "load it down again"),
    (0, b"<?xml", "XML, as of OpenVINO", "export the model that it was made from"),
    (0, b"\x89HDF", "HDF5, as of Keras", "export it with model.export('model.onnx', format='onnx')"),
    (4, b"TFL3", "TensorFlow Lite", f"convert it with `{_TF} --tflite MODEL --output model.onnx`"),
    (4, b"ORTM", "onnxruntime's own format", "prune the .onnx that it was made from"),
    (0, b"GGUF", "GGUF", f"export the model that it was made from: `{_OPTIMUM}`"),
    (0, b"\x1f\x8b", "packed by gzip", "unpack it with `gunzip`"),
    (0, b"BZh", "packed by bzip2", "unpack it with `bunzip2`"),
    (0, b"\xfd7zXZ", "packed by xz", "unpack it with `unxz`"),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it with `unzstd`"),
    (0, b"\x80\x02", "a pickle, as of PyTorch", _TORCH),
    (0, b"\x93NUMPY", "an array of numpy", "give the model itself"),
)
"""Where a file of a kind has which bytes, letters in lower case where they are text; what it is; what to do."""
_ENDINGS: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), ("of PyTorch", _TORCH)),
    ".pb": ("of TensorFlow", f"convert its folder with `{_TF} --saved-model FOLDER --output model.onnx`"),
    **dict.fromkeys((".h5", ".keras"), ("of Keras", "export it with model.export('model.onnx', format='onnx')")),
    ".safetensors": ("weights without a graph", f"export the model: `{_OPTIMUM}`"),
    ".mlmodel": ("of Core ML", "export the model that it was made from"),
    ".tflite": ("of TensorFlow Lite", f"convert it with `{_TF} --tflite MODEL --output model.onnx`"),
}
_TEXTS = {".json": "json", ".textproto": "textproto", ".pbtxt": "textproto", ".onnxjson": "json"}
_TEXTUAL = frozenset({".onnxtxt", ".onnxtext"})
_LONGEST = 512


def what_it_is(path: PurePath, content: bytes) -> str:
    r"""What a file is instead of an ONNX model, and what to do; nothing where that cannot be told.

    >>> what_it_is(PurePath("m.onnx"), b"version https://git-lfs.github.com/spec/v1\n")
    'a pointer of Git LFS in place of a file; fetch it with `git lfs pull`'
    """
    head = content[:_LONGEST].lstrip()
    for place, begin, what, advice in _BEGINNINGS:
        found = head[place : place + len(begin)]
        if begin in (found, found.lower()):
            return f"{what}; {advice}"
    if content[:4] == b"PK\x03\x04":
        return _archive(path)
    return _by_ending(path, head)


def _archive(path: PurePath) -> str:
    """What an archive is, which only its name tells."""
    if path.suffix.lower() in _ENDINGS:
        what, advice = _ENDINGS[path.suffix.lower()]
        return f"a file {what}; {advice}"
    if path.suffix.lower() == ".npz":
        return "an archive of arrays; give the model itself"
    return f"an archive; if PyTorch made it, {_TORCH}, else unpack it with `unzip`"


def _by_ending(path: PurePath, head: bytes) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes == [".onnx", ".txt"] or (suffixes and suffixes[-1] in _TEXTUAL) or head.startswith(b"<ir_version"):
        said = "import onnx, sys; onnx.save(onnx.parser.parse_model(open(sys.argv[1]).read()), sys.argv[2])"
        return f'ONNX as text; make it binary with `python -c "{said}" {path.name} model.onnx`'
    if suffixes and (form := _TEXTS.get(suffixes[-1])):
        said = f"import onnx, sys; onnx.save(onnx.load(sys.argv[1], format='{form}'), sys.argv[2])"
        return f'ONNX as {form}, if it is any; make it binary with `python -c "{said}" {path.name} model.onnx`'
    if suffixes and suffixes[-1] in _ENDINGS:
        what, advice = _ENDINGS[suffixes[-1]]
        return f"a file {what}; {advice}"
    return ""
