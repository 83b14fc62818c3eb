"""Fewer bits a number: ONNX Runtime's own quantisers, called and not rewritten, and training that knows of them."""
