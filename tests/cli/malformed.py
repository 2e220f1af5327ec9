"""Files that parse as ONNX and are none: each made of a sound network by one fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.models import parse
from tests.pruning import CNN

Fault = Callable[[onnx.ModelProto], None]
FAULTS: dict[str, Fault] = {}
"""By name, functions that spoil a model in place."""


def fault(spoil: Fault) -> Fault:
    """Enter a function into the table under its own name, in words."""
    FAULTS[spoil.__name__.replace("_", " ")] = spoil
    return spoil


def weight(proto: onnx.ModelProto, name: str) -> onnx.TensorProto:
    """The initializer `name`."""
    return next(tensor for tensor in proto.graph.initializer if tensor.name == name)


def constant(proto: onnx.ModelProto, **attributes: object) -> onnx.NodeProto:
    """One more Constant node, added to what the network makes."""
    proto.graph.node.append(helper.make_node("Constant", [], ["k"], **attributes))
    node = proto.graph.node[-1]
    add_output(proto, helper.make_node("Add", ["y", "k"], ["more"]))
    return node


def add_output(proto: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Give a model one more node at the end, which makes the output `more`."""
    proto.graph.node.append(node)
    proto.graph.output.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, None))


def branch(nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
    """A subgraph of an If that returns `i`."""
    return helper.make_graph(nodes, "branch", [], [helper.make_tensor_value_info("i", onnx.TensorProto.FLOAT, None)])


def inner_most() -> onnx.GraphProto:
    """A branch that passes on what the network makes."""
    return branch([helper.make_node("Identity", ["y"], ["i"])])


@fault
def raw_data_cut_off(proto):
    tensor = weight(proto, "ab")
    tensor.raw_data = tensor.raw_data[:-4]


@fault
def raw_data_of_a_part_of_an_element(proto):
    tensor = weight(proto, "ab")
    tensor.raw_data = tensor.raw_data[:-1]


@fault
def large_raw_data_of_a_part_of_an_element(proto):
    tensor = weight(proto, "a")
    tensor.dims[0] = 16
    tensor.raw_data = tensor.raw_data * 2 + b"x"


@fault
def raw_data_cut_off_that_nothing_reads(proto):
    tensor = proto.graph.initializer.add()
    tensor.CopyFrom(numpy_helper.from_array(np.ones(8, np.float32), "unread"))
    tensor.raw_data = tensor.raw_data[:-4]


@fault
def unknown_dtype_that_nothing_reads(proto):
    proto.graph.initializer.add(name="unread", data_type=99, dims=[1], raw_data=b"a")


@fault
def undefined_dtype_that_nothing_reads(proto):
    proto.graph.initializer.add(name="unread", dims=[1], raw_data=b"a")


@fault
def negative_dims_that_nothing_reads(proto):
    proto.graph.initializer.add(name="unread", data_type=1, dims=[-1], raw_data=bytes(4))


@fault
def segment_that_nothing_reads(proto):
    tensor = proto.graph.initializer.add(name="unread", data_type=1, dims=[1], raw_data=bytes(4))
    tensor.segment.begin, tensor.segment.end = 0, 4


@fault
def raw_data_missing(proto):
    weight(proto, "ab").ClearField("raw_data")


@fault
def too_few_floats(proto):
    tensor = weight(proto, "ab")
    tensor.ClearField("raw_data")
    tensor.float_data.extend([1.0, 2.0])


@fault
def data_in_the_field_of_another_type(proto):
    tensor = weight(proto, "ab")
    tensor.ClearField("raw_data")
    tensor.int64_data.extend(range(8))


@fault
def dims_that_do_not_fit_the_data(proto):
    weight(proto, "ab").dims[0] = 9


@fault
def dims_that_do_not_fit_large_data(proto):
    weight(proto, "f").dims[0] = 1000


@fault
def negative_dims(proto):
    weight(proto, "ab").dims[0] = -8


@fault
def two_negative_dims(proto):
    tensor = weight(proto, "f")
    tensor.dims[0], tensor.dims[1] = -10, -16


@fault
def enormous_dims(proto):
    weight(proto, "ab").dims[0] = 1 << 62


@fault
def dims_whose_product_overflows(proto):
    tensor = weight(proto, "f")
    tensor.dims[0], tensor.dims[1] = 1 << 33, 1 << 33


@fault
def unknown_dtype(proto):
    weight(proto, "ab").data_type = 99


@fault
def negative_dtype(proto):
    weight(proto, "ab").data_type = -1


@fault
def undefined_dtype(proto):
    weight(proto, "ab").data_type = onnx.TensorProto.UNDEFINED


@fault
def strings_as_a_weight(proto):
    weight(proto, "ab").CopyFrom(helper.make_tensor("ab", onnx.TensorProto.STRING, [8], [b"a"] * 8))


@fault
def unknown_dtype_of_an_input(proto):
    proto.graph.input[0].type.tensor_type.elem_type = 77


@fault
def input_without_a_type(proto):
    proto.graph.input[0].ClearField("type")


@fault
def input_of_strings(proto):
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.STRING


@fault
def input_without_a_name(proto):
    proto.graph.input[0].name = ""


@fault
def two_inputs_of_one_name(proto):
    proto.graph.input.append(proto.graph.input[0])


@fault
def duplicate_initializer_names(proto):
    proto.graph.initializer.append(weight(proto, "ab"))


@fault
def duplicate_initializer_names_of_different_sizes(proto):
    weight(proto, "db").name = "f"


@fault
def initializer_without_a_name(proto):
    weight(proto, "ab").name = ""


@fault
def initializer_missing(proto):
    proto.graph.initializer.remove(weight(proto, "a"))


@fault
def initializer_that_is_also_an_input(proto):
    proto.graph.input.append(helper.make_tensor_value_info("ab", onnx.TensorProto.FLOAT, [8]))


@fault
def initializer_with_the_name_of_the_input(proto):
    weight(proto, "ab").name = "x"


@fault
def initializer_with_the_name_of_what_a_node_makes(proto):
    proto.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight(proto, "ab")), "r"))


@fault
def node_without_outputs(proto):
    del proto.graph.node[1].output[:]


@fault
def more_nodes_without_outputs(proto):
    proto.graph.node.append(helper.make_node("Relu", ["p"], []))


@fault
def node_whose_only_output_has_no_name(proto):
    proto.graph.node.append(helper.make_node("Relu", ["p"], [""]))


@fault
def node_without_inputs(proto):
    del proto.graph.node[0].input[:]


@fault
def node_without_an_operator(proto):
    proto.graph.node[0].op_type = ""


@fault
def input_of_a_node_without_a_name(proto):
    proto.graph.node[0].input[0] = ""


@fault
def input_of_a_node_that_nothing_makes(proto):
    proto.graph.node[1].input[0] = "nowhere"


@fault
def two_nodes_that_make_one_tensor(proto):
    proto.graph.node[2].output[0] = "q"


@fault
def cyclic_graph(proto):
    proto.graph.node[0].input[0] = "t"


@fault
def node_that_reads_itself(proto):
    proto.graph.node[1].input[0] = "q"


@fault
def output_that_nothing_makes(proto):
    proto.graph.output[0].name = "nowhere"


@fault
def output_without_a_name(proto):
    proto.graph.output[0].name = ""


@fault
def no_outputs(proto):
    del proto.graph.output[:]


@fault
def attribute_of_a_wrong_type(proto):
    attribute = proto.graph.node[0].attribute[0]
    attribute.CopyFrom(helper.make_attribute("pads", "none"))


@fault
def attribute_without_a_type(proto):
    proto.graph.node[0].attribute[0].ClearField("type")


@fault
def attribute_of_an_unknown_type(proto):
    content = proto.graph.node[0].attribute[0].SerializeToString()
    content = content.replace(b"\xa0\x01\x07", b"\xa0\x01\x63")  # field 20, the type: 7 becomes 99
    proto.graph.node[0].attribute[0].ParseFromString(content)


@fault
def attribute_without_a_name(proto):
    proto.graph.node[0].attribute[0].name = ""


@fault
def attribute_twice(proto):
    proto.graph.node[0].attribute.append(proto.graph.node[0].attribute[0])


@fault
def text_of_an_attribute_that_is_no_utf8(proto):
    proto.graph.node[0].attribute.append(helper.make_attribute("auto_pad", b"\xd7"))


@fault
def number_of_groups_that_is_zero(proto):
    next(a for a in proto.graph.node[2].attribute if a.name == "group").i = 0


@fault
def number_of_groups_that_is_negative(proto):
    next(a for a in proto.graph.node[2].attribute if a.name == "group").i = -8


@fault
def enormous_pads(proto):
    del proto.graph.node[0].attribute[0].ints[:]
    proto.graph.node[0].attribute[0].ints.extend([1 << 40] * 4)


@fault
def constant_without_attributes(proto):
    constant(proto)


@fault
def constant_without_outputs(proto):
    del constant(proto, value_float=1.0).output[:]


@fault
def constant_of_a_wrong_type(proto):
    constant(proto, value=3)


@fault
def constant_of_numbers_that_are_text(proto):
    constant(proto, value_floats="abc")


@fault
def constant_whose_tensor_is_empty(proto):
    constant(proto, value=onnx.TensorProto())


@fault
def constant_whose_tensor_is_cut_off(proto):
    tensor = helper.make_tensor("k", onnx.TensorProto.FLOAT, [2], bytes(8), raw=True)
    node = constant(proto, value=tensor)
    node.attribute[0].t.raw_data = bytes(5)


@fault
def constant_that_is_cut_off_and_nothing_reads(proto):
    tensor = helper.make_tensor("k", onnx.TensorProto.FLOAT, [2], bytes(8), raw=True)
    proto.graph.node.append(helper.make_node("Constant", [], ["k"], value=tensor))
    proto.graph.node[-1].attribute[0].t.raw_data = bytes(5)


@fault
def constant_without_attributes_that_nothing_reads(proto):
    proto.graph.node.append(helper.make_node("Constant", [], ["k"]))


@fault
def constant_without_outputs_that_nothing_reads(proto):
    proto.graph.node.append(helper.make_node("Constant", [], [], value_float=1.0))


@fault
def constant_with_an_unknown_attribute_first(proto):
    node = constant(proto, value_float=1.0)
    node.attribute.insert(0, helper.make_attribute("colour", "red"))


@fault
def sparse_constant_that_is_empty(proto):
    constant(proto, sparse_value=onnx.SparseTensorProto())


@fault
def sparse_initializer_that_is_empty(proto):
    proto.graph.sparse_initializer.append(onnx.SparseTensorProto())


@fault
def opset_zero(proto):
    proto.opset_import[0].version = 0


@fault
def opset_9999(proto):
    proto.opset_import[0].version = 9999


@fault
def opset_negative(proto):
    proto.opset_import[0].version = -1


@fault
def opset_beyond_32_bits(proto):
    proto.opset_import[0].version = 1 << 40


@fault
def opset_of_another_domain_alone(proto):
    proto.opset_import[0].domain = "my.own"


@fault
def domain_missing(proto):
    proto.graph.node[1].domain = "my.own"


@fault
def ir_version_9999(proto):
    proto.ir_version = 9999


@fault
def ir_version_missing(proto):
    proto.ClearField("ir_version")


@fault
def pads_of_terabytes(proto):
    del proto.graph.node[0].attribute[0].ints[:]
    proto.graph.node[0].attribute[0].ints.extend([1 << 19] * 4)


@fault
def text_of_a_constant_that_is_no_utf8(proto):
    constant(proto, value_string=b"\xff\xfe")
    proto.graph.node[-1].op_type = "Identity"
    del proto.graph.node[-1].input[0]
    proto.graph.output[-1].type.tensor_type.elem_type = onnx.TensorProto.STRING


@fault
def enormous_input(proto):
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 1 << 50


@fault
def deep_subgraphs(proto):
    inner = branch([helper.make_node("Sigmoid", ["y"], ["i"])])
    for _ in range(8):
        inner = branch([helper.make_node("If", ["c"], ["i"], then_branch=inner, else_branch=inner_most())])
    proto.graph.initializer.append(numpy_helper.from_array(np.array(True), "c"))
    add_output(proto, helper.make_node("If", ["c"], ["more"], then_branch=inner, else_branch=inner_most()))


@fault
def subgraph_without_nodes(proto):
    empty = onnx.GraphProto(name="empty")
    proto.graph.node.append(helper.make_node("If", ["x"], ["o"], then_branch=empty, else_branch=empty))


@fault
def branches_missing(proto):
    proto.graph.node.append(helper.make_node("If", ["x"], ["o"]))


@fault
def function_that_calls_itself(proto):
    own = helper.make_opsetid("own", 1)
    call = helper.make_node("f", ["u"], ["v"], domain="own")
    proto.functions.append(helper.make_function("own", "f", ["u"], ["v"], [call], [own]))
    proto.opset_import.append(own)
    proto.graph.node[1].op_type, proto.graph.node[1].domain = "f", "own"


@fault
def functions_that_call_each_other_in_a_branch(proto):
    own = helper.make_opsetid("own", 1)
    call = helper.make_node("If", ["u"], ["v"], then_branch=branch([helper.make_node("f", ["u"], ["i"], domain="own")]))
    others = helper.make_node("h", ["u"], ["v"], domain="own")
    proto.functions.append(helper.make_function("own", "f", ["u"], ["v"], [others], [own]))
    proto.functions.append(helper.make_function("own", "h", ["u"], ["v"], [call], [own, proto.opset_import[0]]))
    proto.opset_import.append(own)
    proto.graph.node[1].op_type, proto.graph.node[1].domain = "f", "own"


@fault
def function_without_nodes(proto):
    own = helper.make_opsetid("own", 1)
    proto.functions.append(helper.make_function("own", "f", ["u"], ["v"], [], [own]))
    proto.opset_import.append(own)
    proto.graph.node[1].op_type, proto.graph.node[1].domain = "f", "own"


@fault
def function_twice(proto):
    own = helper.make_opsetid("own", 1)
    call = helper.make_node("Relu", ["u"], ["v"])
    made = helper.make_function("own", "f", ["u"], ["v"], [call], [own, proto.opset_import[0]])
    proto.functions.extend([made, made])
    proto.opset_import.append(own)
    proto.graph.node[1].op_type, proto.graph.node[1].domain = "f", "own"


@fault
def text_that_is_no_utf8(proto):
    content = proto.SerializeToString().replace(b"ab", b"\xff\xfe")
    proto.ParseFromString(content)


@fault
def documentation_that_is_no_utf8(proto):
    weight(proto, "a").doc_string = "about a"
    proto.graph.doc_string = "about g"
    proto.metadata_props.add(key="k", value="about v")
    proto.ParseFromString(proto.SerializeToString().replace(b"about", b"\xff\xfe\xfd\xfc\xfb"))


def sound() -> onnx.ModelProto:
    """The network that each fault is planted in."""
    return parse(CNN)
