"""Faults to plant in a file, as edits of its protobuf."""

from __future__ import annotations


def set_group(number):
    """Give the only grouped node another number of groups."""

    def edit(proto):
        (attribute,) = (a for node in proto.graph.node for a in node.attribute if a.name == "group")
        attribute.i = number

    return edit


def rename_output(proto):
    """Give the first output another name."""
    proto.graph.output[0].name = proto.graph.node[-1].output[0] = "other"
