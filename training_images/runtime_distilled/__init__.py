# SPDX-License-Identifier: Apache-2.0
"""A small student of a textgen-lora teacher, shipped as int8 ONNX: the runtime that answers when nothing else may."""
