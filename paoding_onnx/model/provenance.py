"""PROVENANCE: what made a file, told in the file's own metadata. Reads and writes the record; knows no stage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import onnx

from paoding_onnx.model.load import Model

Record = Mapping[str, object]
"""What is told, as JSON has it."""
KEY = "paoding_onnx"
"""The entry of `metadata_props` in which the record stands, as JSON."""
FORMAT = "paoding_onnx provenance 1"
PACKAGES = ("paoding_onnx", "onnx", "onnxruntime")
"""Whose versions every record and every document names."""
MOST_EARLIER = 8
"""Records of a file that was pruned again and again."""
MOST_LETTERS = 1 << 14
"""Of all earlier records together: a file that was read may claim anything."""
_EARLIER, _FORGOTTEN = "earlier", "forgotten"


def versions() -> dict[str, str]:
    """The versions of this package and of those that decide what it writes."""
    return {name: version_of(name) for name in PACKAGES}


def version_of(package: str) -> str:
    """The version of a package that may be installed under another name, as onnxruntime is for graphics cards.

    Raises:
        PackageNotFoundError: if nothing that is installed provides it.
    """
    with suppress(PackageNotFoundError):
        return version(package)
    return version(next(iter(packages_distributions().get(package, ())), package))


def provenance_of(model: Model) -> Record | None:
    """The record in a model; `None` where there is none that can be read."""
    texts = [entry.value for entry in model.proto.metadata_props if entry.key == KEY]
    try:
        found = json.loads(texts[-1]) if texts else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def signed(model: Model, record: Record | None) -> Model:
    """`model` with `record` in place of its own one, which goes on as an earlier one; `None` leaves it without any.

    All other metadata stays as it is.
    """
    own, proto = provenance_of(model), onnx.ModelProto()
    proto.CopyFrom(model.proto)
    others = [entry for entry in model.proto.metadata_props if entry.key != KEY]
    del proto.metadata_props[:]
    proto.metadata_props.extend(others)
    if record is not None:
        proto.metadata_props.add(key=KEY, value=_text({**record, **({} if own is None else _history(own))}))
    return replace(model, proto=proto)


def _history(own: Record) -> dict[str, object]:
    """What is left of a record and those before it: the newest ones, and how many were forgotten."""
    latest = {name: value for name, value in own.items() if name not in (_EARLIER, _FORGOTTEN)}
    before, forgotten = own.get(_EARLIER), own.get(_FORGOTTEN)
    chain = [latest, *(before if isinstance(before, Sequence) and not isinstance(before, str) else ())]
    kept: list[object] = []
    for entry in chain[:MOST_EARLIER]:
        if len(_text([*kept, entry])) > MOST_LETTERS:
            break
        kept.append(entry)
    lost = len(chain) - len(kept) + (forgotten if type(forgotten) is int and forgotten > 0 else 0)
    return {_EARLIER: kept} | ({_FORGOTTEN: lost} if lost else {})


def _text(value: object) -> str:
    """A value as JSON that is the same wherever it is written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
