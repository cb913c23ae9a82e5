# SPDX-License-Identifier: Apache-2.0
"""The image of textgen-lora and policy-adapter: LoRA adapters for a small language model that answers with one label."""
