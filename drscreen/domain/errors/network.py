"""Networks, and the devices and files they need."""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError


class BundleError(DrscreenError):
    """A network bundle that cannot be used."""

    code = "bundle"
    advice = "Install drscreen again, or choose another network."


class BundleMissing(BundleError):
    """No bundle of that name."""

    code = "bundle_missing"


class BundleDamaged(BundleError):
    """A bundle whose files are not the ones its manifest names."""

    code = "bundle_damaged"


class BundleUnsupported(BundleError):
    """A bundle that is whole but that this version cannot run."""

    code = "bundle_unsupported"


class NetworkUnsigned(BundleError):
    """A whole network that nobody signed whose key is trusted, and that nobody answers for."""

    code = "network_unsigned"
    kept = "Nothing was graded."
    advice = (
        "Choose another network, or let an administrator allow this one: "
        "drscreen model trust MODEL --user NAME."
    )


class SigningKeyUnusable(DrscreenError):
    """A key that networks are signed with, or told by, cannot be used."""

    code = "signing_key_unusable"
    kept = "Nothing was signed."
    advice = "See docs/models.md on keys; drscreen model keygen makes one."


class QualityNetworkDamaged(DrscreenError):
    """The quality gate's own small network, a part of the program, is missing or damaged."""

    code = "quality_network_damaged"
    advice = "Install drscreen again. Without it no photograph is graded."


class WeightsRefused(DrscreenError):
    """A file of weights that holds code besides numbers; none of it was run."""

    code = "weights_refused"
    kept = "Nothing of it was run and nothing was written."
    advice = "Ask whoever made it for the weights alone, best as .safetensors."


class WeightsUnfit(DrscreenError):
    """A file of weights that cannot be read, or that holds another network than was looked for."""

    code = "weights_unfit"
    kept = "Nothing was written."
    advice = "drscreen imports ResNet-152 and ResNet-18 with five grades; see docs/models.md."


class ExportUnavailable(DrscreenError):
    """The libraries that write ONNX are not installed; screening does without them."""

    code = "export_unavailable"
    advice = 'Install them with: pip install "onnx>=1.20" "onnxscript>=0.7"'


class ExportFailed(DrscreenError):
    """The written network does not compute what drscreen's does, or could not be written."""

    code = "export_failed"
    kept = "No half-written file was left."
    advice = "Export as .safetensors instead, and report this."


class DeviceUnavailable(DrscreenError):
    """The named device is not in this machine."""

    code = "device_unavailable"
    advice = "Choose the device 'auto' or 'cpu'."


class PredictionFailed(DrscreenError):
    """The network ran and gave nothing usable (not-a-number, out of memory)."""

    code = "prediction_failed"
    advice = "Try again; if it happens again, verify the network bundle."
