"""Network bundles and what runs them.

Which arithmetic torch uses is the machine's affair alone: variables of the environment that would
choose it (kernels, and bf16 in place of fp32 by oneDNN's own leave: a logit moved by 0.02) are
dropped here, before anything of this room imports torch, which reads them once. Processes started
from this one do without them as well.
"""

from __future__ import annotations

import os

_CHOOSE_ARITHMETIC = (
    "ATEN_CPU_CAPABILITY",
    *(
        f"{maker}_{what}"
        for maker in ("DNNL", "ONEDNN")
        for what in ("MAX_CPU_ISA", "CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE")
    ),
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT",
)

for _name in _CHOOSE_ARITHMETIC:
    os.environ.pop(_name, None)
