# SPDX-License-Identifier: Apache-2.0
"""How is a student written as an ONNX file, and with int8 weights? Node by node.

torch's exporters are not used: one is deprecated; the other takes eight seconds, writes this machine's paths into the
file and produces one that the quantiser refuses. A test compares the file's arithmetic with the student's.
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
"""Version of the file format, the one that came with that opset."""
_AS_IT_IS: Final = {"onnx.quant.pre_process": "onnxruntime.quant"}
"""Tells the quantiser that the file needs no preprocessing."""
_EPSILON: Final = 1e-5


class _Graph:
    """Nodes and constants in the order of creation; every node has one output, named by a running number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, called: str | None = None, **attributes: Any) -> str:
        name = called or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"make_{name}", **attributes))
        return name

    def constant(self, name: str, value: Any, kind: Any = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def numbers(self, values: Sequence[int]) -> str:
        """A constant of whole numbers: shapes, axes, ends."""
        return self.constant(f"numbers_{len(self.constants)}", values, np.int64)

    def linear(self, name: str, module: Any, states: str) -> str:
        weight = self.constant(f"{name}.weight", module.weight.detach().numpy().T)
        bias = self.constant(f"{name}.bias", module.bias.detach().numpy())
        return self.node("Add", self.node("MatMul", states, weight), bias)

    def normalised(self, name: str, module: Any, states: str) -> str:
        scale = self.constant(f"{name}.scale", module.weight.detach().numpy())
        bias = self.constant(f"{name}.bias", module.bias.detach().numpy())
        return self.node("LayerNormalization", states, scale, bias, axis=-1, epsilon=_EPSILON)


def written(student: Student, path: Path) -> None:
    """Write the student: `tokens` (batch, length) int64 in, `probabilities` (batch, labels) float32 out."""
    path.write_bytes(_model(student).SerializeToString(deterministic=True))


def quantised(student: Student, path: Path) -> None:
    """Write the student with int8 weights; activations are quantised at run time.

    Weights use seven bits: with eight, processors without VNNI overflow and give different answers
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, reduce_range).
    """
    model = _model(student)
    helper.set_model_props(model, _AS_IT_IS)
    quantize_dynamic(model, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def _model(student: Student) -> Any:
    graph = _Graph()
    states, known, penalty = _read(graph, student)
    for number, layer in enumerate(student.layers):
        states = _layer(graph, f"layer_{number}", layer, states, penalty)
    _answer(graph, student, states, known)
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
    """The tokens' vectors, a mask of real tokens (batch, length, 1), and the penalty on the scores of padding."""
    zero = graph.constant("zero", 0, np.int64)
    there = graph.node("Cast", graph.node("Not", graph.node("Equal", INPUT, zero)), to=TensorProto.FLOAT)
    known = graph.node("Unsqueeze", there, graph.numbers([2]))
    away = graph.node("Sub", graph.constant("one", 1.0), there)
    penalty = graph.node("Mul", away, graph.constant("penalty", student.PENALTY))
    length = graph.node("Gather", graph.node("Shape", INPUT), graph.numbers([1]))
    places = graph.constant("places", student.places.weight.detach().numpy())
    near = graph.node("Slice", places, graph.numbers([0]), length, graph.numbers([0]))
    pieces = graph.node("Gather", graph.constant("pieces", student.pieces.weight.detach().numpy()), INPUT)
    return graph.node("Add", pieces, near), known, graph.node("Unsqueeze", penalty, graph.numbers([1, 2]))


def _layer(graph: _Graph, name: str, layer: Any, states: str, penalty: str) -> str:
    mixed = _attention(graph, name, layer, states, penalty)
    states = graph.node("Add", states, graph.linear(f"{name}.attended", layer.attended, mixed))
    inner = graph.normalised(f"{name}.before_widening", layer.before_widening, states)
    wide = graph.node("Relu", graph.linear(f"{name}.widen", layer.widen, inner))
    return graph.node("Add", states, graph.linear(f"{name}.narrow", layer.narrow, wide))


def _attention(graph: _Graph, name: str, layer: Layer, states: str, penalty: str) -> str:
    width = layer.attended.in_features
    inner = graph.normalised(f"{name}.before_attention", layer.before_attention, states)
    parts = graph.linear(f"{name}.query_key_value", layer.query_key_value, inner)
    split = graph.node("Reshape", parts, graph.numbers([0, 0, 3, layer.heads, width // layer.heads]))
    apart = graph.node("Transpose", split, perm=[2, 0, 3, 1, 4])
    query, key, value = (
        graph.node("Gather", apart, graph.constant(f"{name}.part_{which}", which, np.int64), axis=0)
        for which in range(3)
    )
    turned = graph.node("Transpose", key, perm=[0, 1, 3, 2])
    scale = graph.constant(f"{name}.scale", (width // layer.heads) ** -0.5)
    scores = graph.node("Add", graph.node("Mul", graph.node("MatMul", query, turned), scale), penalty)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    return graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), graph.numbers([0, 0, width]))


def _answer(graph: _Graph, student: Student, states: str, known: str) -> None:
    kept = graph.node("Mul", graph.normalised("after", student.after, states), known)
    summed = graph.node("ReduceSum", kept, graph.numbers([1]), keepdims=0)
    many = graph.node("Max", graph.node("ReduceSum", known, graph.numbers([1]), keepdims=0), "one")
    logits = graph.linear("labels", student.labels, graph.node("Div", summed, many))
    graph.node("Softmax", logits, called=OUTPUT, axis=-1)
