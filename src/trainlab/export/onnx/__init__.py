"""A trained network as an ONNX file with a model card."""

from trainlab.export.onnx.folder import write_onnx_folder

__all__ = ["write_onnx_folder"]
