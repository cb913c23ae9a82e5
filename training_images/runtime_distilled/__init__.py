# SPDX-License-Identifier: Apache-2.0
"""The runtime-distilled image: a small student of a textgen-lora teacher, shipped as int8 ONNX."""
