"""Synthetic bytes of files: what well-known kinds of files begin with and are made of, with made-up names in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BYTES = 256
"""Different bytes; a token beyond them fills rows."""
_LETTERS = np.frombuffer(b"eeeeeetttttaaaaoooiiinnnssshhrrrddllluucmmfwgypbvk", np.uint8)

_TEXTS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"", (b"@ @ @ @ the @ of @ and @. ", b"The @ was @, but @ @. ", b"\n\n")),
    (b"import os\nimport @\n\n", (b"def @(self, @):\n    return @.@(@)\n\n", b"for @ in range(\0):\n    print(@)\n")),
    (b"#!/bin/sh\nset -e\n", (b'if [ -f $@ ]; then\n  echo "@"\nfi\n', b"export @=/usr/@\n", b"cd @ && make @\n")),
    (b"#include <@.h>\n\n", (b"static int @(int @, char *@)\n{\n\treturn @[\0];\n}\n\n", b"#define @ \0\n")),
    (b"package @;\n\nimport java.@.@;\n\n", (b"public class @ {\n  private int @ = \0;\n}\n", b"  @Override\n")),
    (b"'use strict';\n", (b"function @(@) {\n  return @.@(\0);\n}\n", b"const @ = require('@');\n", b"var @ = {};\n")),
    (
        b"<!DOCTYPE html>\n<html>\n<head><title>@</title>\n",
        (b'<div class="@">@ @</div>\n', b'<a href="@.html">@</a>\n'),
    ),
    (b'<?xml version="1.0" encoding="UTF-8"?>\n', (b'<@ name="@">\0</@>\n', b"  <@/>\n")),
    (b'<svg xmlns="http://www.w3.org/2000/svg">\n', (b'<path d="M\0 \0L\0 \0"/>\n', b'<g id="@"/>\n')),
    (b"{\n", (b'  "@": "@",\n', b'  "@": [\0, \0, \0],\n', b'  "@": {"@": \0},\n')),
    (b"@: @\n", (b"@:\n  - @: \0\n  - @\n", b"# @ @\n")),
    (b"@,@,@,@\n", (b"\0,@,\0.\0,@\n", b"\0,@ @,\0.\0,\n")),
    (b"# @ @\n\n", (b"## @\n\n@ @ `@` @ [@](@.md).\n\n", b"- @ @ @\n", b"```\n@\n```\n")),
    (b"body {\n  margin: 0;\n}\n", (b".@ > #@ {\n  @: \0px;\n  color: #\0;\n}\n",)),
    (b"CREATE TABLE @ (\n", (b"INSERT INTO @ VALUES (\0, '@');\n", b"SELECT @ FROM @ WHERE @ = \0;\n")),
    (b"<?php\n", (b"$@ = @($_GET['@']);\n", b'echo "@";\n')),
    (b"[@]\n", (b"@ = @\n", b"; @ @\n", b"@=\0\n")),
    (b'package main\n\nimport "fmt"\n\n', (b"func @(@ int) error {\n\treturn nil\n}\n\n", b"\t@ := @.@()\n")),
    (b"use std::@;\n\n", (b"fn @(&self) -> Option<@> {\n    let mut @ = \0;\n}\n\n", b"impl @ for @ {}\n")),
    (b"\\documentclass{article}\n\\begin{document}\n", (b"\\section{@}\n@ @ $@_\0$ @.\n", b"\\cite{@}\n")),
    (b"FROM @:latest\n", (b"RUN apt-get install -y @\n", b"COPY @ /@\n")),
    (b"From: @@@.com\nTo: @@@.org\nSubject: @\n\n", (b"@ @ @ @\n", b"> @ @\n")),
)
_BINARIES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "dense"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "dense"),
    (b"GIF89a", "dense"),
    (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "dense"),
    (b"\x1f\x8b\x08\x00", "dense"),
    (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n", "dense"),
    (b"\x7fELF\x02\x01\x01\x00", "records"),
    (b"MZ\x90\x00\x03\x00\x00\x00", "records"),
    (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", "records"),
    (b"RIFF\x24\x08\x00\x00WAVEfmt ", "records"),
    (b"ID3\x03\x00\x00", "dense"),
    (b"SQLite format 3\x00", "records"),
    (b"\x00\x00\x01\x00\x01\x00\x20\x20", "records"),
    (b"7z\xbc\xaf'\x1c", "dense"),
    (b"BZh91AY&SY", "dense"),
    (b"\x00\x00\x00\x20ftypisom", "dense"),
    (b"\x28\xb5\x2f\xfd", "dense"),
    (b"", "records"),
    (b"", "dense"),
)


def files(size: int, rng: np.random.Generator, count: int, length: int) -> NDArray[np.int64]:
    """The first bytes of `count` files in rows of `length`; short ones are filled with token 256, if there is one."""
    fill = min(BYTES, size - 1)
    rows = np.full((count, length), fill, np.int64)
    for row in rows:
        stop = length if rng.random() < 0.7 else int(rng.integers(min(16, length), length + 1))
        made = _file(rng, int(rng.integers(len(_TEXTS) + len(_BINARIES))), stop)
        row[: len(made)] = np.frombuffer(made, np.uint8)
    return rows


def _file(rng: np.random.Generator, kind: int, length: int) -> bytes:
    """The first bytes of a file of one kind, texts before others."""
    if kind < len(_TEXTS):
        return _text(rng, *_TEXTS[kind], length)
    return _binary(rng, *_BINARIES[kind - len(_TEXTS)], length)


def _text(rng: np.random.Generator, head: bytes, pieces: tuple[bytes, ...], length: int) -> bytes:
    """A text that begins with `head` and goes on with `pieces`, words for `@` and numbers for zero bytes."""
    words = [bytes(rng.choice(_LETTERS, int(rng.integers(2, 10)))) for _ in range(24)]
    found = bytearray()
    _fill(rng, found, head, words)
    while len(found) < length:
        _fill(rng, found, pieces[int(rng.integers(len(pieces)))], words)
    return bytes(found[:length])


def _fill(rng: np.random.Generator, found: bytearray, piece: bytes, words: list[bytes]) -> None:
    """Add a piece with words and numbers in it."""
    for byte in piece:
        if byte == ord("@"):
            found += words[int(rng.integers(len(words)))]
        elif byte == 0:
            found += b"%d" % int(rng.integers(1000))
        else:
            found.append(byte)


def _binary(rng: np.random.Generator, head: bytes, body: str, length: int) -> bytes:
    """Bytes that begin with `head` and go on as compressed data do, or as records of small numbers and names do."""
    dense = rng.integers(0, BYTES, length, np.uint8)
    if body == "records":
        is_zero = np.repeat(rng.random(-(-length // 8)) < 0.5, 8)[:length] | (rng.random(length) < 0.3)
        small = np.where(rng.random(length) < 0.5, rng.integers(0, 16, length, np.uint8), dense)
        dense = np.where(is_zero, 0, small).astype(np.uint8)
        name = rng.choice(_LETTERS, length)
        is_name = np.repeat(rng.random(-(-length // 16)) < 0.2, 16)[:length]
        dense = np.where(is_name, name, dense).astype(np.uint8)
    return (head + dense.tobytes())[:length]
