"""Damage to a file: to its bytes, or to the fields of its protobuf. The same seed damages alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Damage = Callable[[bytes, np.random.Generator], bytes]
NAMES = (
    "\x1b[31mred",
    "\x1b]8;;http://x\x1b\\link",
    "\x1b]52;c;ZXZpbA==\x07",
    "a\nb\r\tc",
    "[bold]markup[/bold]",
    "<script>alert(1)</script>&'\"",
    "\u202eevil",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "nul\x00byte",
    "x" * 5000,
    "",
    " ",
    "{0.__class__}%s%n",
    "\ud7ff\U0010ffff",
)
"""Names that mean something to a terminal, a table, a page, a spreadsheet, a file system, or to nobody."""
NUMBERS = (
    0,
    1,
    -1,
    2,
    63,
    64,
    65,
    1000,
    1 << 31,
    -(1 << 31),
    (1 << 31) - 1,
    1 << 40,
    1 << 62,
    (1 << 63) - 1,
    -(1 << 63),
)
_FLOATS = (0.0, -0.0, 1e38, -1e38, float("inf"), float("-inf"), float("nan"), 1e-45)
_LARGE = 4096
"""Fields of at most this many bytes are damaged whole; of larger ones a few bytes."""


def flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bits are the other way round."""
    damaged = bytearray(content)
    for place in rng.integers(len(damaged), size=rng.integers(1, 9)):
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def flip_bits_of_structure(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four bits of what is no weight are the other way round: names, shapes, lengths, tags."""
    damaged, places = bytearray(content), _structure(content)
    for place in rng.choice(places, size=rng.integers(1, 5)):
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cut_off(content: bytes, rng: np.random.Generator) -> bytes:
    """The file ends too early."""
    return content[: int(rng.integers(len(content)))]


def swap_blocks(content: bytes, rng: np.random.Generator) -> bytes:
    """Two blocks have changed places."""
    size = int(rng.integers(1, max(2, min(4096, len(content) // 3))))
    first, second = sorted(rng.integers(0, len(content) - size, size=2))
    second = max(second, first + size)
    parts = (content[:first], content[second : second + size], content[first + size : second])
    return b"".join((*parts, content[first : first + size], content[second + size :]))


def blank_block(content: bytes, rng: np.random.Generator) -> bytes:
    """A block of a disk came back as zeros, or twice."""
    size = int(rng.integers(1, max(2, min(4096, len(content) // 2))))
    start = int(rng.integers(len(content) - size))
    middle = bytes(size) if rng.random() < 0.5 else content[start : start + size] * 2
    return content[:start] + middle + content[start + size :]


def edit_fields(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three fields of the protobuf hold something else: an extreme number, a hostile name, nothing, too much."""
    proto = onnx.ModelProto.FromString(content)
    for _ in range(int(rng.integers(1, 4))):
        messages = list(_messages(proto))
        _edit(messages[int(rng.integers(len(messages)))], rng)
    return bytes(proto.SerializeToString())


DAMAGES: tuple[Damage, ...] = (flip_bits, flip_bits_of_structure, cut_off, swap_blocks, blank_block, edit_fields)
SHARES = (0.1, 0.25, 0.05, 0.1, 0.1, 0.4)
"""How often each of them is drawn."""


def damage(content: bytes, seed: int) -> tuple[str, bytes]:
    """The name of a damage, and a file that suffered it."""
    rng = np.random.default_rng(seed)
    chosen = DAMAGES[int(rng.choice(len(DAMAGES), p=SHARES))]
    return chosen.__name__, chosen(content, rng)


def _structure(content: bytes) -> list[int]:
    """Places of bytes outside of the content of large tensors."""
    proto, free = onnx.ModelProto.FromString(content), np.ones(len(content), np.bool_)
    for tensor in proto.graph.initializer:
        if len(tensor.raw_data) > 64 and (start := content.find(tensor.raw_data)) >= 0:
            free[start : start + len(tensor.raw_data)] = False
    return [int(place) for place in np.flatnonzero(free)]


def _messages(message: Message) -> Iterator[Message]:
    """A message and all that it holds, however deep."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in (value,) if isinstance(value, Message) else value:
                yield from _messages(inner)


def _edit(message: Message, rng: np.random.Generator) -> None:
    fields = message.DESCRIPTOR.fields
    used = [field for field, _ in message.ListFields()]
    field = (used or fields)[int(rng.integers(len(used or fields)))]
    if rng.random() < 0.1:
        field = fields[int(rng.integers(len(fields)))]
    if rng.random() < 0.15:
        message.ClearField(field.name)
    elif field.message_type is not None:
        _edit_messages(message, field, rng)
    elif _is_repeated(field):
        _edit_values(getattr(message, field.name), field, rng)
    else:
        setattr(message, field.name, _value(field, getattr(message, field.name), rng))


def _edit_messages(message: Message, field: FieldDescriptor, rng: np.random.Generator) -> None:
    held = getattr(message, field.name)
    if not _is_repeated(field):
        held.SetInParent()
        return
    if not len(held) or rng.random() < 0.2:
        held.add()
        return
    first, second = (int(rng.integers(len(held))) for _ in range(2))
    match int(rng.integers(3)):
        case 0:
            held.add().CopyFrom(held[first])
        case 1:
            held[first].CopyFrom(held[second])
        case _:
            del held[first]


def _edit_values(held: object, field: FieldDescriptor, rng: np.random.Generator) -> None:
    """Change one of many values, take one away, or add a few: up to 1,000 axes."""
    values = list(held)  # type: ignore[call-overload]
    place = int(rng.integers(len(values))) if values else 0
    choice = rng.random()
    if values and choice < 0.6:
        values[place] = _value(field, values[place], rng)
    elif values and choice < 0.75:
        del values[place]
    else:
        values += [_value(field, values[place] if values else None, rng)] * int(rng.choice([1, 2, 70, 1000]))
    del held[:]  # type: ignore[attr-defined]
    held.extend(values)  # type: ignore[attr-defined]


def _value(field: FieldDescriptor, old: object, rng: np.random.Generator) -> object:
    """Another value of a field."""
    kind = field.cpp_type
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return _FLOATS[int(rng.integers(len(_FLOATS)))]
    if kind == FieldDescriptor.CPPTYPE_STRING and field.type == FieldDescriptor.TYPE_BYTES:
        content = old if isinstance(old, bytes) else b""
        return content[: int(rng.integers(len(content) + 1))] if len(content) < _LARGE else flip_bits(content, rng)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return NAMES[int(rng.integers(len(NAMES)))]
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        numbers = [value.number for value in field.enum_type.values]
        return numbers[int(rng.integers(len(numbers)))]
    number = NUMBERS[int(rng.integers(len(NUMBERS)))]
    if kind in (FieldDescriptor.CPPTYPE_UINT64, FieldDescriptor.CPPTYPE_UINT32):
        return abs(number)
    return number if kind == FieldDescriptor.CPPTYPE_INT64 else max(min(number, (1 << 31) - 1), -(1 << 31))


def _is_repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == FieldDescriptor.LABEL_REPEATED
