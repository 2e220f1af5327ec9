"""File types: magika, on files of many types that lie on this machine."""

from __future__ import annotations

import io
import json
import sysconfig
import tarfile
import wave
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scripts.benchmarks.real import drawn, metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Array, Place, RealSet, Subject, split
from scripts.benchmarks.real.tasks.text import first_choice

FOLDERS = ("/usr/share", "/usr/lib", "/usr/include", "/usr/bin", "/etc", "/var/lib/dpkg/info")
PER_TYPE, N_FILES = 12, 600
HALF, BLOCK, PADDING = 1024, 4096, 256


def model(place: Place) -> Path:
    """The standard model of the package."""
    return unpacked(place, "magika") / "magika" / "models" / "standard_v3_3" / "model.onnx"


def features(content: bytes) -> Array:
    """Beginning and end of a file, stripped, as 2 x 1024 numbers; 256 where the file is too short."""
    first = list(content[:BLOCK].lstrip()[:HALF])
    last = list(content[-BLOCK:].rstrip()[-HALF:])
    return np.array(first + [PADDING] * (2 * HALF - len(first) - len(last)) + last, np.int32)


def real_set(place: Place) -> RealSet:
    """Files of as many types as there are, a few of each."""
    rng = np.random.default_rng(5)
    contents = [*found(), *made(rng), *from_packages(place)]
    order = rng.permutation(len(contents))[:N_FILES]
    return split({"bytes": np.stack([features(contents[k]) for k in order])})


def found() -> list[bytes]:
    """Files of this machine, at most some of each ending."""
    folders = (*FOLDERS, sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"])
    return _some_of_each(path for folder in folders for path in sorted(Path(folder).rglob("*")))


def from_packages(place: Place) -> list[bytes]:
    """Files of the packages of the benchmark."""
    return _some_of_each(sorted((place.cache / "packages").rglob("*")))


def _some_of_each(paths: Iterator[Path] | list[Path]) -> list[bytes]:
    kept: dict[str, list[bytes]] = defaultdict(list)
    for path in paths:
        ending = path.suffix.lower() if len(path.suffix) < 8 and not path.suffix[1:].isdigit() else ""
        if len(kept[ending]) < PER_TYPE and path.is_file() and not path.is_symlink() and path.stat().st_size >= 64:
            with path.open("rb") as file:
                content = file.read(10_000_000)
            kept[ending].append(content)
    return [content for group in kept.values() for content in group]


def made(rng: np.random.Generator) -> list[bytes]:
    """Pictures, archives, sounds and tables of several formats, which this machine may lack."""
    contents = []
    for _ in range(8):
        text = "\n".join(drawn.phrase(rng, 60) for _ in range(40))
        contents += [*pictures(rng), *archives(text.encode()), sound(rng), *tables(rng)]
    return contents


def pictures(rng: np.random.Generator) -> list[bytes]:
    """A page in the formats that Pillow writes."""
    page, contents = drawn.page(rng, 160), []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PDF", "ICO", "PPM"):
        file = io.BytesIO()
        page.save(file, kind)
        contents.append(file.getvalue())
    return contents


def archives(content: bytes) -> list[bytes]:
    """The content compressed by itself, and in a zip and a tar archive."""
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", content)
    with tarfile.open(fileobj=tarred, mode="w:gz") as packed:
        member = tarfile.TarInfo("notes.txt")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return [zipped.getvalue(), tarred.getvalue(), zlib.compress(content), content]


def sound(rng: np.random.Generator) -> bytes:
    """Noise as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sounds:
        sounds.setparams((1, 2, 16_000, 0, "NONE", ""))
        sounds.writeframes(rng.integers(-3000, 3000, 8000).astype("<i2").tobytes())
    return file.getvalue()


def tables(rng: np.random.Generator) -> list[bytes]:
    """Numbers as CSV, JSON, JSON lines, XML, INI, SQL and NumPy's format."""
    rows = [{"id": k, "name": drawn.phrase(rng, 12), "value": float(v)} for k, v in enumerate(rng.normal(size=30))]
    array = io.BytesIO()
    np.save(array, rng.normal(size=(30, 4)))
    texts = (
        "id,name,value\n" + "\n".join(f"{row['id']},{row['name']},{row['value']}" for row in rows),
        json.dumps(rows, indent=2),
        "\n".join(map(json.dumps, rows)),
        '<?xml version="1.0"?>\n<rows>' + "".join(f"<row><name>{row['name']}</name></row>" for row in rows) + "</rows>",
        "\n".join(f"[row {row['id']}]\nname = {row['name']}\nvalue = {row['value']}" for row in rows),
        "\n".join(f"INSERT INTO rows (name, value) VALUES ('{row['name']}', {row['value']});" for row in rows),
    )
    return [*(text.encode() for text in texts), array.getvalue()]


SUBJECTS = (
    Subject("magika", "same type as the original", model, real_set, first_choice, metrics.same_share, batch=16),
)
