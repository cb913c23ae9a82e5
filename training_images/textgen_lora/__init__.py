# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters on a small language model that answers an utterance with one label: textgen-lora and policy-adapter."""
