"""Structures of sequences whose arithmetic of lengths is their point: chunks, remainders, buckets, masks, caps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.open_axes.layers import Attention, Block, dense, sine_positions
from scripts.zoo.open_axes.model import Input, OpenModel, Size, sizes
from scripts.zoo.open_axes.sizes import TEXT, TEXT_TRACED, ids

BOTH = "old new"
WIDTH = 32


class Texts(nn.Module):
    """Embeddings, the layers of a subclass, and seven numbers a word. The part that subclasses give is `layers`."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.end = nn.Embedding(300, WIDTH), nn.Linear(WIDTH, 7)

    def forward(self, input_ids: Tensor, *rest: Tensor) -> Tensor:
        """Seven numbers at each place that the layers leave."""
        return self.end(self.layers(self.words(input_ids), *rest))

    def layers(self, x: Tensor, *rest: Tensor) -> Tensor:
        """What is done with embedded words `(batch, length, width)`."""
        raise NotImplementedError


class Chunks(Texts):
    """Attention inside chunks of six, behind padding to whole chunks."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        n, length, _width = x.shape
        padded = F.pad(x, (0, 0, 0, (-length) % 6))
        chunks = self.block(padded.reshape(-1, 6, WIDTH))
        return chunks.reshape(n, padded.shape[1], WIDTH)[:, :length]


class Sliding(Texts):
    """Attention of chunks of eight to themselves and both neighbours, as in Longformer, of any length."""

    CHUNK = 8

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        n, length, _width = x.shape
        padded = F.pad(x, (0, 0, 0, (-length) % self.CHUNK))
        around = F.pad(padded, (0, 0, self.CHUNK, self.CHUNK))
        n_chunks = padded.shape[1] // self.CHUNK
        three = [around[:, k * self.CHUNK :][:, : n_chunks * self.CHUNK] for k in range(3)]
        source = torch.cat([part.reshape(-1, self.CHUNK, WIDTH) for part in three], 1)
        found = self.attention(padded.reshape(-1, self.CHUNK, WIDTH), source)
        return x + found.reshape(n, -1, WIDTH)[:, :length]


class Capped(Texts):
    """Positions learned for 512 places; those further on get the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.places, self.block = nn.Embedding(512, WIDTH), Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        places = torch.arange(x.shape[1]).clamp(max=511)
        return self.block(x + self.places(places))


class Truncated(Texts):
    """No more than the first 24 words, with learned positions."""

    def __init__(self) -> None:
        super().__init__()
        self.places, self.block = nn.Parameter(torch.randn(24, WIDTH)), Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the length, or of 24."""
        x = x[:, :24]
        return self.block(x + self.places[: x.shape[1]])


class Remainder(Texts):
    """Fours of words become one place each, and what is left of the length is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.merge = dense(4 * WIDTH, 48, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of a fourth of the length."""
        n, length, _width = x.shape
        whole = length - length % 4
        return self.merge(x[:, :whole].reshape(n, whole // 4, 4 * WIDTH))


class EverySecond(Texts):
    """Every second word asks, all answer; then every third place is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.dense = Attention(WIDTH, 4), dense(WIDTH, 64, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of a sixth of the length."""
        half = x[:, ::2]
        half = half + self.attention(half, x)
        return self.dense(half)[:, ::3]


class Buckets(Texts):
    """A bias for each head by the distance of two words, in buckets that grow (T5)."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.block = nn.Embedding(16, 4), Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        places = torch.arange(x.shape[1])
        distance = (places[None] - places[:, None]).abs()
        far = 4 + (torch.log(distance.clamp(min=1) / 4.0) * 2).long()
        bucket = torch.where(distance < 4, distance, far.clamp(4, 15))
        return self.block(x, self.table(bucket).permute(2, 0, 1)[None])


class Shifted(Texts):
    """Relative positions by a table of distances and the shift of Transformer-XL."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.places = Attention(WIDTH, 4), nn.Linear(WIDTH, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        n, length, _width = x.shape
        places = self.places(sine_positions(2 * length - 1, WIDTH)).unflatten(1, (4, -1)).permute(1, 2, 0)
        queries = self.attention.query(x).unflatten(2, (4, -1)).transpose(1, 2)
        scores = F.pad(queries @ places, (1, 0))
        shifted = scores.reshape(n, 4, 2 * length, length)[:, :, 1:].reshape(n, 4, length, 2 * length - 1)
        return self.attention(x, bias=shifted[..., :length])


class Lengths(Texts):
    """Masks made from lengths: of attention, and of the mean over words."""

    def __init__(self) -> None:
        super().__init__()
        self.block, self.after = Block(WIDTH, 4), dense(WIDTH, 48, WIDTH)

    def layers(self, x: Tensor, *rest: Tensor) -> Tensor:
        """One place for each text."""
        known = torch.arange(x.shape[1])[None] < rest[0][:, None]
        x = self.block(x, torch.where(known, 0.0, -1e4)[:, None, None])
        weight = known[..., None].to(x.dtype)
        return self.after((x * weight).sum(1) / weight.sum(1))


class Causal(Texts):
    """A mask of the past alone, and a running mean."""

    def __init__(self) -> None:
        super().__init__()
        self.block, self.after = Block(WIDTH, 4), dense(WIDTH, 48, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        length = x.shape[1]
        x = self.block(x, torch.full((length, length), -1e4).triu(1))
        return self.after(x.cumsum(1) / torch.arange(1, length + 1)[:, None])


class Dilated(Texts):
    """Strided attention: words of the same remainder by five attend to one another."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length, a multiple of five."""
        n, length, _width = x.shape
        columns = x.reshape(n, length // 5, 5, WIDTH).transpose(1, 2).reshape(n * 5, length // 5, WIDTH)
        mixed = self.block(columns).reshape(n, 5, length // 5, WIDTH)
        return mixed.transpose(1, 2).reshape(n, length, WIDTH)


class Pooled(Texts):
    """A class in front, seven latent places that ask, and the class taken at the end (Perceiver)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.latent = nn.Parameter(torch.randn(1, 1, WIDTH)), nn.Parameter(torch.randn(1, 7, WIDTH))
        self.block, self.ask = Block(WIDTH, 4), Attention(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Eight places."""
        x = self.block(torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1))
        asked = self.ask(self.latent.expand(x.shape[0], -1, -1), x)
        return torch.cat([x[:, :1], asked], 1)


class TorchEncoder(Texts):
    """Two layers of `nn.TransformerEncoder`, with positions that are computed."""

    def __init__(self, *, norm_first: bool) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, 0.0, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def layers(self, x: Tensor, *rest: Tensor) -> Tensor:
        """Of the same length."""
        mask = {"src_key_padding_mask": rest[0]} if rest else {}
        return self.encoder(x + sine_positions(x.shape[1], WIDTH), **mask)


def texts(make: Callable[[], nn.Module], **chosen: object) -> OpenModel:
    """A structure of texts, of any length unless other sizes are `chosen`."""
    given = {"inputs": (ids(),), "traced": TEXT_TRACED, "sizes": TEXT, "exporters": BOTH} | chosen
    return OpenModel(make, **given)  # type: ignore[arg-type]


FIVES: Size = {"batch": 2, "length": 15}
BY_FIVE = sizes(batch=(3, 1, 4, 5, 6), length=(40, 600, 5, 65, 10))
FOURS = sizes(batch=(3, 1, 4, 5, 6), length=(40, 600, 7, 65, 4))
BATCHES = sizes(batch=(3, 1, 4, 5, 7))
FIXED = Input("input_ids", ("batch", 24), "ids 3 300")
"""For the old exporter, which fixes the length in `nn.MultiheadAttention`."""
FLAGS = Input("hidden", ("batch", "length"), "flags")
MODELS: Mapping[str, OpenModel] = {
    "own_chunks": texts(Chunks),
    "own_sliding": texts(Sliding),
    "own_capped": texts(Capped),
    "own_truncated": texts(Truncated),
    "own_remainder": texts(Remainder, sizes=FOURS),
    "own_every_second": texts(EverySecond),
    "own_buckets": texts(Buckets),
    "own_shifted": texts(Shifted),
    "own_lengths": texts(Lengths, inputs=(ids(), Input("lengths", ("batch",), "lengths length"))),
    "own_causal": texts(Causal),
    "own_dilated": texts(Dilated, traced=FIVES, sizes=BY_FIVE),
    "own_pooled": texts(Pooled),
    "torch_encoder": texts(lambda: TorchEncoder(norm_first=False), exporters="new"),
    "torch_encoder_norm_first": texts(lambda: TorchEncoder(norm_first=True), exporters="new"),
    "torch_encoder_masked": texts(lambda: TorchEncoder(norm_first=False), inputs=(ids(), FLAGS), exporters="new"),
    "torch_encoder_batch": texts(
        lambda: TorchEncoder(norm_first=False), inputs=(FIXED,), traced={"batch": 2}, sizes=BATCHES, exporters="old"
    ),
}
"""Structures of sequences by name."""
