# SPDX-License-Identifier: Apache-2.0
"""Writes a student as an ONNX file, node by node, also with int8 weights.

torch's exporters are not used: one is deprecated; the other takes eight seconds, writes this machine's paths into the
file, and its file is refused by the quantiser. A test compares the file's outputs with the student's.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from training_images.runtime_distilled.runtime import INPUT, OUTPUT
from training_images.runtime_distilled.student import Layer, Student

OPSET: Final = 17
"""The first opset with LayerNormalization."""
_IR: Final = 8
"""Version of the file format; it came with that opset."""
_NO_PREPROCESSING: Final = {"onnx.quant.pre_process": "onnxruntime.quant"}
"""Metadata that tell the quantiser that the file needs no preprocessing."""
_EPSILON: Final = 1e-5


class _Graph:
    """Nodes and constants in the order of creation. Every node has one output, whose name has a running number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"make_{name}", **attributes))
        return name

    def constant(self, name: str, value: Any, kind: Any = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def numbers(self, values: Sequence[int]) -> str:
        """A constant of whole numbers, such as shapes and axes."""
        return self.constant(f"numbers_{len(self.constants)}", values, np.int64)

    def linear(self, name: str, module: Any, states: str) -> str:
        weight = self.constant(f"{name}.weight", module.weight.detach().numpy().T)
        bias = self.constant(f"{name}.bias", module.bias.detach().numpy())
        return self.node("Add", self.node("MatMul", states, weight), bias)

    def normalised(self, name: str, module: Any, states: str) -> str:
        scale = self.constant(f"{name}.scale", module.weight.detach().numpy())
        bias = self.constant(f"{name}.bias", module.bias.detach().numpy())
        return self.node("LayerNormalization", states, scale, bias, axis=-1, epsilon=_EPSILON)


def write(student: Student, path: Path) -> None:
    """Write the student in float32. Input: `tokens` (batch, length) int64; output: `probabilities` (batch, labels)."""
    path.write_bytes(_model(student).SerializeToString(deterministic=True))


def write_quantised(student: Student, path: Path) -> None:
    """Write the student with int8 weights; activations are quantised at run time.

    Weights use seven bits: with eight, sums overflow on processors without VNNI, which then answer differently
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, reduce_range).
    """
    model = _model(student)
    helper.set_model_props(model, _NO_PREPROCESSING)
    quantize_dynamic(model, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def _model(student: Student) -> Any:
    graph = _Graph()
    states, mask, penalty = _read(graph, student)
    for number, layer in enumerate(student.layers):
        states = _layer(graph, f"layer_{number}", layer, states, penalty)
    _answer(graph, student, states, mask)
    body = helper.make_graph(
        graph.nodes,
        "student",
        [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", student.shape.labels])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=_IR, producer_name="federation")
    onnx.checker.check_model(model, full_check=True)
    return model


def _read(graph: _Graph, student: Student) -> tuple[str, str, str]:
    """The tokens' vectors, a mask of real tokens (batch, length, 1), and the penalty on the attention to padding."""
    zero = graph.constant("zero", 0, np.int64)
    present = graph.node("Cast", graph.node("Not", graph.node("Equal", INPUT, zero)), to=TensorProto.FLOAT)
    mask = graph.node("Unsqueeze", present, graph.numbers([2]))
    absent = graph.node("Sub", graph.constant("one", 1.0), present)
    penalty = graph.node("Mul", absent, graph.constant("penalty", student.PENALTY))
    length = graph.node("Gather", graph.node("Shape", INPUT), graph.numbers([1]))
    places = graph.constant("places", student.places.weight.detach().numpy())
    positions = graph.node("Slice", places, graph.numbers([0]), length, graph.numbers([0]))
    pieces = graph.node("Gather", graph.constant("pieces", student.pieces.weight.detach().numpy()), INPUT)
    return graph.node("Add", pieces, positions), mask, graph.node("Unsqueeze", penalty, graph.numbers([1, 2]))


def _layer(graph: _Graph, name: str, layer: Any, states: str, penalty: str) -> str:
    mixed = _attention(graph, name, layer, states, penalty)
    states = graph.node("Add", states, graph.linear(f"{name}.attended", layer.attended, mixed))
    inner = graph.normalised(f"{name}.before_widening", layer.before_widening, states)
    widened = graph.node("Relu", graph.linear(f"{name}.widen", layer.widen, inner))
    return graph.node("Add", states, graph.linear(f"{name}.narrow", layer.narrow, widened))


def _attention(graph: _Graph, name: str, layer: Layer, states: str, penalty: str) -> str:
    width = layer.attended.in_features
    states_before = graph.normalised(f"{name}.before_attention", layer.before_attention, states)
    projected = graph.linear(f"{name}.query_key_value", layer.query_key_value, states_before)
    split = graph.node("Reshape", projected, graph.numbers([0, 0, 3, layer.heads, width // layer.heads]))
    separated = graph.node("Transpose", split, perm=[2, 0, 3, 1, 4])
    query, key, value = (
        graph.node("Gather", separated, graph.constant(f"{name}.part_{index}", index, np.int64), axis=0)
        for index in range(3)
    )
    transposed = graph.node("Transpose", key, perm=[0, 1, 3, 2])
    scale = graph.constant(f"{name}.scale", (width // layer.heads) ** -0.5)
    scores = graph.node("Add", graph.node("Mul", graph.node("MatMul", query, transposed), scale), penalty)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    return graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), graph.numbers([0, 0, width]))


def _answer(graph: _Graph, student: Student, states: str, mask: str) -> None:
    masked = graph.node("Mul", graph.normalised("after", student.after, states), mask)
    total = graph.node("ReduceSum", masked, graph.numbers([1]), keepdims=0)
    count = graph.node("Max", graph.node("ReduceSum", mask, graph.numbers([1]), keepdims=0), "one")
    logits = graph.linear("labels", student.labels, graph.node("Div", total, count))
    graph.node("Softmax", logits, output=OUTPUT, axis=-1)
