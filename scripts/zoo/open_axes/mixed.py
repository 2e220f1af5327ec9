"""Recurrent networks, video, points, graphs, and images with texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torchvision.models.video.mvit import MSBlockConfig, MViT
from torchvision.models.video.resnet import BasicBlock, Conv2Plus1D, Conv3DSimple

from scripts.zoo.open_axes.layers import Attention, dense, unit
from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.sizes import TEXT, TEXT_TRACED, ids
from scripts.zoo.open_axes.wrapping import small

BOTH = "old new"


class Recurrent(nn.Module):
    """Two recurrent layers over embedded words, both ways, and a mean or the last state."""

    def __init__(self, layer: Callable[..., nn.Module], *, last: bool) -> None:
        super().__init__()
        self.last = last
        self.words = nn.Embedding(300, 24)
        self.first = layer(24, 16, batch_first=True, bidirectional=True)
        self.second, self.end = layer(32, 24, batch_first=True), dense(24, 32, 7)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Seven logits, for each word or for the last state."""
        x, _ = self.first(self.words(input_ids))
        x, _ = self.second(x)
        return self.end(x[:, -1] if self.last else x)


class Crnn(nn.Module):
    """Lines of text of any width: convolutions that squeeze the height, then a two-way GRU over columns."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(unit(3, 16, 2), unit(16, 24, 2), unit(24, 32, 2))
        self.gru, self.end = nn.GRU(32 * 4, 24, batch_first=True, bidirectional=True), nn.Linear(48, 11)

    def forward(self, line: Tensor) -> Tensor:
        """Eleven logits at each column."""
        columns = self.maps(line).permute(0, 3, 1, 2).flatten(2)
        return self.end(self.gru(columns)[0])


class PointNet(nn.Module):
    """Points of any number: a turn that is learned, features of points, their maximum, and both again."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = nn.ModuleList([nn.Conv1d(3, 32, 1), nn.Linear(32, 9)])
        self.local, self.wide = nn.Sequential(nn.Conv1d(3, 24, 1), nn.ReLU()), nn.Conv1d(24, 48, 1)
        self.end = nn.Sequential(nn.Conv1d(72, 32, 1), nn.ReLU(), nn.Conv1d(32, 5, 1))

    def forward(self, points: Tensor) -> Tensor:
        """Five logits for each point."""
        turn = self.turn[1](self.turn[0](points).relu().amax(2)).view(-1, 3, 3)
        local = self.local(turn @ points)
        whole = self.wide(local).amax(2, keepdim=True).expand(-1, -1, points.shape[2])
        return self.end(torch.cat([local, whole], 1))


class DenseGraph(nn.Module):
    """Two graph convolutions by a matrix of neighbours, and attention along edges."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.end = nn.Linear(10, 32), nn.Linear(32, 24), nn.Linear(24, 5)
        self.source, self.target = nn.Linear(24, 1), nn.Linear(24, 1)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Five logits for each node."""
        weights = adjacency / adjacency.sum(2, keepdim=True)
        x = (weights @ self.first(nodes)).relu()
        x = (weights @ self.second(x)).relu()
        scores = self.source(x) + self.target(x).transpose(1, 2)
        return self.end(scores.masked_fill(adjacency == 0, -1e4).softmax(2) @ x)


class EdgeGraph(nn.Module):
    """Messages along a list of edges, summed at their targets."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.message = nn.Linear(10, 24), dense(48, 32, 24)
        self.update, self.end = dense(48, 32, 24), nn.Linear(24, 5)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        """Five logits for each node, and their mean as the last row."""
        x = self.begin(nodes).relu()
        for _ in range(2):
            messages = self.message(torch.cat([x[edges[0]], x[edges[1]]], 1))
            total = torch.zeros_like(x).index_add(0, edges[1], messages)
            x = x + self.update(torch.cat([x, total], 1))
        return self.end(torch.cat([x, x.mean(0, keepdim=True)]))


class Ranked(nn.Module):
    """Places by score: the best ten of a map, their features, and attention among them (as in DETR's two stages)."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(unit(3, 16, 4), unit(16, 32, 2))
        self.score, self.attention, self.end = nn.Linear(32, 1), Attention(32, 4), dense(32, 32, 9)

    def forward(self, image: Tensor) -> Tensor:
        """Nine numbers for each of ten places."""
        x = self.maps(image).flatten(2).transpose(1, 2)
        best = self.score(x)[..., 0].topk(10, 1).indices
        asked = x.gather(1, best[..., None].expand(-1, -1, x.shape[2]))
        return self.end(asked + self.attention(asked, x))


class Clip(nn.Module):
    """An image and texts, and how much they are alike."""

    def __init__(self) -> None:
        super().__init__()
        plain = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        text = {**plain, "vocab_size": 300, "max_position_embeddings": 640, "bos_token_id": 1, "eos_token_id": 2}
        vision = {**plain, "image_size": 64, "patch_size": 16}
        self.model = small("CLIP", "Model", {"text_config": text, "vision_config": vision, "projection_dim": 24})

    def forward(self, input_ids: Tensor, attention_mask: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits `(images, texts)`, and both embeddings."""
        found = self.model(input_ids=input_ids, attention_mask=attention_mask, pixel_values=pixels)
        return found.logits_per_image, found.text_embeds, found.image_embeds


class Video(nn.Module):
    """Convolutions over time and place apart, as in R(2+1)D and S3D, and means over both."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.ModuleList([nn.Conv3d(3, 16, (1, 3, 3), (1, 2, 2), (0, 1, 1)), nn.Conv3d(24, 32, (1, 3, 3))])
        self.time = nn.ModuleList(
            [nn.Conv3d(16, 24, (3, 1, 1), (2, 1, 1), (1, 0, 0)), nn.Conv3d(32, 32, (3, 1, 1), 1, 1)]
        )
        self.norm, self.attention, self.end = nn.BatchNorm3d(24), Attention(32, 4), nn.Linear(32, 7)

    def forward(self, video: Tensor) -> Tensor:
        """Seven logits at each moment."""
        x = self.norm(self.time[0](self.place[0](video).relu())).relu()
        x = self.time[1](self.place[1](x).relu()).relu()
        moments = x.mean((3, 4)).transpose(1, 2)
        return self.end(moments + self.attention(moments))


class ResNet3d(nn.Module):
    """The blocks of torchvision's networks of video, narrower, with strides over time and place."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Sequential(nn.Conv3d(3, 12, (3, 7, 7), (1, 2, 2), (1, 3, 3)), nn.BatchNorm3d(12), nn.ReLU())
        self.first = BasicBlock(12, 12, Conv3DSimple)
        shortcut = nn.Sequential(nn.Conv3d(12, 20, 1, 2, bias=False), nn.BatchNorm3d(20))
        self.second = BasicBlock(12, 20, Conv2Plus1D, 2, shortcut)
        self.end = nn.Linear(20, 7)

    def forward(self, video: Tensor) -> Tensor:
        """Seven logits."""
        x = self.second(self.first(self.begin(video)))
        return self.end(nn.functional.adaptive_avg_pool3d(x, 1).flatten(1))


def _mvit() -> nn.Module:
    def block(n_in: int, n_out: int, n_heads: int, stride: int, reduction: int) -> MSBlockConfig:
        return MSBlockConfig(
            num_heads=n_heads,
            input_channels=n_in,
            output_channels=n_out,
            kernel_q=[3, 3, 3],
            kernel_kv=[3, 3, 3],
            stride_q=[1, stride, stride],
            stride_kv=[1, reduction, reduction],
        )

    blocks = [block(24, 24, 1, 1, 4), block(24, 48, 2, 2, 2), block(48, 48, 2, 1, 2)]
    return MViT((64, 64), 8, blocks, True, False, True, True, num_classes=7)


CLIPS = {"batch": 2, "frames": 8, "height": 64, "width": 96}
VIDEO = sizes(
    batch=(3, 1, 4, 5, 1), frames=(16, 9, 4, 12, 30), height=(112, 96, 50, 75, 128), width=(176, 160, 64, 80, 99)
)
VIDEOS = Input("video", ("batch", 3, "frames", "height", "width"))
LINES = sizes(batch=(3, 1, 4, 5, 6), width=(320, 600, 33, 100, 8))
BATCHES = sizes(batch=(3, 1, 4, 5, 7))
POINTS = sizes(batch=(3, 1, 4, 5, 6), points=(1000, 77, 3, 1, 500))
NODES = sizes(batch=(3, 1, 4, 5, 6), nodes=(30, 200, 3, 1, 17))
EDGES = sizes(nodes=(30, 200, 3, 1, 17), edges=(100, 900, 2, 4, 1))
PAIRS = sizes(images=(3, 1, 4, 5, 6), batch=(3, 1, 5, 4, 7), length=(40, 600, 7, 64, 2))
MODELS: Mapping[str, OpenModel] = {
    "lstm": OpenModel(lambda: Recurrent(nn.LSTM, last=False), (ids(),), TEXT_TRACED, TEXT),
    "gru_last": OpenModel(lambda: Recurrent(nn.GRU, last=True), (ids(),), TEXT_TRACED, TEXT),
    "crnn": OpenModel(Crnn, (Input("line", ("batch", 3, 32, "width")),), {"batch": 2, "width": 80}, LINES),
    "pointnet": OpenModel(
        PointNet, (Input("points", ("batch", 3, "points")),), {"batch": 2, "points": 50}, POINTS, BOTH
    ),
    "graph_dense": OpenModel(
        DenseGraph,
        (Input("nodes", ("batch", "nodes", 10)), Input("adjacency", ("batch", "nodes", "nodes"), "adjacency")),
        {"batch": 2, "nodes": 12},
        NODES,
        BOTH,
    ),
    "graph_edges": OpenModel(
        EdgeGraph,
        (Input("nodes", ("nodes", 10)), Input("edges", (2, "edges"), "edges nodes")),
        {"nodes": 12, "edges": 20},
        EDGES,
        BOTH,
    ),
    "ranked": OpenModel(
        Ranked,
        (Input("image", ("batch", 3, "height", "width")),),
        {"batch": 2, "height": 64, "width": 96},
        sizes(batch=(3, 1, 5, 4, 6), height=(224, 97, 75, 110, 131), width=(320, 131, 50, 203, 77)),
        BOTH,
        "rows 2",
    ),
    "clip": OpenModel(
        Clip,
        (ids(), Input("attention_mask", ("batch", "length"), "prefix"), Input("pixels", ("images", 3, 64, 64))),
        {"images": 2, "batch": 2, "length": 11},
        PAIRS,
        BOTH,
    ),
    "tv_resnet3d": OpenModel(ResNet3d, (VIDEOS,), CLIPS, VIDEO, BOTH),
    "tv_mvit": OpenModel(_mvit, (Input("video", ("batch", 3, 8, 64, 64)),), {"batch": 2}, BATCHES, BOTH),
    "video": OpenModel(Video, (VIDEOS,), CLIPS, VIDEO, BOTH),
}
"""The rest, by name."""
