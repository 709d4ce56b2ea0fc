"""Photographs: decoding, field of view, quality measures, tensor-free preprocessing."""
