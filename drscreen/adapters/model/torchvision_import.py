"""Import torchvision where its compiled operators cannot load.

PyPI's Linux wheel of torchvision is built against CUDA. On a CPU-only torch its operator library
does not load, so `torchvision::nms` and `qnms` are never registered, and torchvision's own import
then fails because it registers meta kernels for them ("operator torchvision::nms does not
exist"). drscreen uses no detection operator; declaring the two schemas lets the import pass.
Where torchvision imports by itself this module does nothing else.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

# A torch library's registrations live as long as the object; it must outlive the process' use.
_declared: list[torch.library.Library] = []


def torchvision_models() -> ModuleType:
    """The module `torchvision.models`."""
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call] # torch's
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call] # torch's own
    _declared.append(library)
    return importlib.import_module("torchvision.models")
