"""A loaded network that answers the same bits for the same photograph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
from torch import nn

from drscreen.adapters.model.bundle import NO_KEYS, Bundle, Tensors, read_bundle
from drscreen.adapters.model.network import (
    HIDDEN_LAYER,
    LESION_HEAD,
    build_network,
    channels_last,
    fold_norms,
    normalise,
    to_batch,
)
from drscreen.adapters.model.saliency import captured, cell_map, referable_heat
from drscreen.domain.errors import (
    BundleDamaged,
    BundleUnsupported,
    DeviceUnavailable,
    PredictionFailed,
)
from drscreen.domain.explanation import CellMap, Explanation
from drscreen.domain.grading import Grade
from drscreen.domain.image import RgbImage
from drscreen.domain.lesions import LesionClass
from drscreen.domain.screening import PredictorSpec
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.signature import SignatureCheck

#: bf16 is used where at least this share of grades stayed the same when the bundle was made.
BF16_AGREEMENT = 0.995
#: A prediction's own threads. oneDNN cuts up its sums by their number, and with it the last bits
#: change (seen in ResNet-152, and with AMX in ResNet-18); so the machine settles it, not how a
#: process was started. Always one would do as well, but takes 1.7 times as long on two cores; from
#: more than four a single photograph gains little. Not os.cpu_count: a variable changes its answer.
THREADS = min(4, psutil.cpu_count() or 1)


class TorchPredictor:
    """`drscreen.domain.ports.Predictor` over a bundle. One thread at a time."""

    def __init__(
        self,
        folder: Path,
        device: DeviceChoice = DeviceChoice.AUTO,
        precision: torch.dtype | None = None,
        threads: int = THREADS,
        *,
        check: SignatureCheck = NO_KEYS,
    ) -> None:
        """Verify and load. Raises a `BundleError` or `DeviceUnavailable`.

        Without a `check` nobody has signed.

        `precision` is the bundle's and the processor's affair unless it is given, to compare them;
        so is `threads`.
        """
        self._threads = threads
        bundle = read_bundle(folder, check)
        self._device = _chosen(device)
        self._dtype = precision or _precision(bundle, self._device)
        # The fastest algorithm by timing may differ between runs, and with it the last bits.
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        network = fold_norms(load_network(bundle))
        # The head stays in fp32: bf16 logits have three digits, too few for a calibrated threshold.
        self._head = network.get_submodule("fc").to(self._device)
        network.set_submodule("fc", nn.Identity())
        self._trunk = channels_last(network.to(self._device, self._dtype))
        self._spec = PredictorSpec(
            model=bundle.info,
            input=bundle.input,
            temperature=bundle.temperature,
            operating_point=bundle.operating_point,
            device=self._device.type,
            precision="bf16" if self._dtype is torch.bfloat16 else "fp32",
            grade_cuts=bundle.grade_cuts,
        )

    @property
    def spec(self) -> PredictorSpec:
        """What was loaded, where it runs and in which precision."""
        return self._spec

    def predict(self, images: Sequence[RgbImage]) -> list[tuple[float, ...]]:
        """Five logits a photograph. One at a time, so a result never depends on its neighbours."""
        size = self._spec.input.size
        if any(image.width != size or image.height != size for image in images):
            raise ValueError(f"the network takes squares of {size} pixels")
        return [self._predict_one(image) for image in images]

    def explain(self, image: RgbImage) -> tuple[tuple[float, ...], Explanation]:
        """The logits of `predict`, and what they rest on; costs little more than they do."""
        with using_threads(self._threads), captured(self._trunk, "layer3", "layer4") as features:
            (logits,) = self.predict([image])
            pool = self._trunk.get_submodule("avgpool")
            heat = referable_heat(features["layer4"], lambda at: self._head(pool(at).flatten(1)))
            lesions: dict[str, CellMap] = {}
            if LESION_HEAD in dict(self._trunk.named_children()):
                with torch.inference_mode():
                    head = self._trunk.get_submodule(LESION_HEAD)
                    found = torch.sigmoid(head(features["layer3"]).float())[0]
                lesions = {lesion.title: cell_map(found[lesion]) for lesion in LesionClass}
        return logits, Explanation(heat, lesions)

    def _predict_one(self, image: RgbImage) -> tuple[float, ...]:
        try:
            with using_threads(self._threads), torch.inference_mode():
                batch = to_batch([image]).to(self._device)
                features = self._trunk(normalise(batch, self._spec.input, self._dtype))
                return tuple(float(x) for x in self._head(features.float())[0].cpu())
        except RuntimeError as error:  # torch's own type for a full memory or a lost device
            raise PredictionFailed("The network could not run on this machine.") from error


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """So many threads of torch's own in this thread while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def load_network(bundle: Bundle) -> nn.Module:
    """A bundle's network, fp32, evaluation mode. Raises `BundleDamaged`."""
    return network_with(bundle.architecture, bundle.tensors(), bundle.pooling_power)


def network_with(architecture: str, tensors: Tensors, pooling_power: float = 1.0) -> nn.Module:
    """The network with these weights, fp32, evaluation mode.

    Raises `BundleDamaged` by the tensor's name, `BundleUnsupported` for other classes than grades.

    It has a lesion head, and a grade head of two layers, where the tensors do.
    """
    lesion_head = tensors.get(f"{LESION_HEAD}.weight")
    hidden = tensors.get(f"{HIDDEN_LAYER}.weight")
    # On the meta device nothing is allocated or drawn at random only to be replaced.
    with torch.device("meta"):
        classes = 0 if lesion_head is None else len(lesion_head)
        units = 0 if hidden is None else len(hidden)
        network = build_network(architecture, classes, pooling_power, units)
    own = {n for n in network.state_dict() if not n.endswith("num_batches_tracked")}
    if own != tensors.keys():
        odd = sorted(own.symmetric_difference(tensors.keys()))[0]
        raise BundleDamaged(f"The network's tensors do not match its architecture: {odd}.")
    last = "fc.bias" if hidden is None else "fc.2.bias"
    if len(tensors[last]) != len(Grade):
        raise BundleUnsupported(
            f"The network tells {len(tensors[last])} classes apart; drscreen needs the "
            f"{len(Grade)} ICDR grades."
        )
    shapes = {n: tuple(t.shape) for n, t in network.state_dict().items()}
    wrong = sorted(name for name, values in tensors.items() if values.shape != shapes[name])
    if wrong:
        raise BundleDamaged(f"The network's tensors have the wrong shapes: {wrong[0]}.")
    state = {name: torch.from_numpy(values) for name, values in tensors.items()}
    network.load_state_dict(state, strict=False, assign=True)
    return network.eval()


def _chosen(device: DeviceChoice) -> torch.device:
    if device is DeviceChoice.CPU:
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if device is DeviceChoice.CUDA:
        raise DeviceUnavailable("This machine has no GPU that the network can use.")
    return torch.device("cpu")


def _precision(bundle: Bundle, device: torch.device) -> torch.dtype:
    """bf16 where the processor computes in it and the bundle's grades were found to agree."""
    if bundle.bf16_agreement < BF16_AGREEMENT:
        return torch.float32
    return torch.bfloat16 if computes_bf16(device) else torch.float32


def computes_bf16(device: torch.device) -> bool:
    """Whether a device has bf16 in its circuits; one that imitates it is ten times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
