# SPDX-License-Identifier: Apache-2.0
"""The ONNX file computes what the student computes, also with int8 weights."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from training_images.runtime_distilled.graph import OPSET, write, write_quantised
from training_images.runtime_distilled.student import Shape, Student, padded

SHAPE = Shape(vocabulary=50, width=16, layers=2, heads=4, longest=12, labels=7)


@pytest.fixture(scope="module")
def student() -> Student:
    torch.manual_seed(3)
    module = Student(SHAPE).eval()
    for weight in module.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return module


def run_session(path: Path, tokens: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"tokens": tokens.numpy()})[0]


def test_the_file_computes_what_the_student_computes(student: Student, tmp_path: Path) -> None:
    write(student, tmp_path / "exact.onnx")
    tokens = torch.randint(1, SHAPE.vocabulary, (5, SHAPE.longest))
    expected = student(tokens).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(run_session(tmp_path / "exact.onnx", tokens), expected, atol=1e-6)


def test_other_texts_and_padding_do_not_change_an_answer(student: Student, tmp_path: Path) -> None:
    write(student, tmp_path / "exact.onnx")
    rows = [[4, 9, 2], [7] * SHAPE.longest, [1]]
    together = run_session(tmp_path / "exact.onnx", padded(rows, SHAPE.longest))
    alone = np.concatenate([run_session(tmp_path / "exact.onnx", padded([row], SHAPE.longest)) for row in rows])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_text_without_tokens_gets_finite_probabilities(student: Student, tmp_path: Path) -> None:
    write(student, tmp_path / "exact.onnx")
    assert np.isfinite(run_session(tmp_path / "exact.onnx", padded([[]], SHAPE.longest))).all()


def test_int8_keeps_nearly_the_same_probabilities_in_a_third_of_the_bytes(tmp_path: Path) -> None:
    torch.manual_seed(5)
    larger = Student(Shape(vocabulary=800, width=64, layers=1, heads=4, longest=12, labels=7)).eval()
    write(larger, tmp_path / "exact.onnx")
    write_quantised(larger, tmp_path / "small.onnx")
    tokens = torch.randint(1, 800, (20, 9))
    np.testing.assert_allclose(
        run_session(tmp_path / "small.onnx", tokens), run_session(tmp_path / "exact.onnx", tokens), atol=0.02
    )
    assert (tmp_path / "small.onnx").stat().st_size < (tmp_path / "exact.onnx").stat().st_size / 3


def test_the_weights_have_eight_bits_and_the_file_contains_no_path_of_this_machine(
    student: Student, tmp_path: Path
) -> None:
    write_quantised(student, tmp_path / "small.onnx")
    model = onnx.load(tmp_path / "small.onnx")
    large = [constant for constant in model.graph.initializer if np.prod(constant.dims) > 500]
    assert {constant.data_type for constant in large} == {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    assert [opset.version for opset in model.opset_import if opset.domain == ""] == [OPSET]
    assert str(Path.home()).encode() not in (tmp_path / "small.onnx").read_bytes()


def test_the_same_student_gives_the_same_bytes(student: Student, tmp_path: Path) -> None:
    for name in ("one.onnx", "two.onnx"):
        write_quantised(student, tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
