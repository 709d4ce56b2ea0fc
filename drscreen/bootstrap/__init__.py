"""The only place that constructs adapters. Each import is where it is needed, so that nothing
slow (torch above all) loads before somebody asks for it.
"""

from drscreen.bootstrap.workstation import Workstation

__all__ = ["Workstation"]
