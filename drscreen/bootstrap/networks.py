"""The networks that came with the program: found, checked, signed, loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from drscreen.adapters.system import paths
from drscreen.domain.errors import QualityNetworkDamaged
from drscreen.domain.settings import DeviceChoice
from drscreen.domain.signature import TRUSTED, nobody_signs

if TYPE_CHECKING:
    from drscreen.adapters.model.bundle import Bundle
    from drscreen.adapters.model.inventory import InstalledBundle
    from drscreen.domain.integrity import Finding
    from drscreen.domain.ports import Predictor, QualityGate
    from drscreen.domain.signature import NetworkState, Signature, SignatureCheck


class InstalledNetworks:
    """What can be had of them without a home folder or a store. Any thread."""

    def bundle_names(self) -> list[str]:
        """Installed networks by name, the best first. Does not load torch."""
        from drscreen.adapters.model.bundle import installed

        return installed(paths.bundles())

    def bundles(self) -> list[InstalledBundle]:
        """Every installed network, damaged ones too; each file is hashed. Does not load torch."""
        from drscreen.adapters.model.inventory import inventory

        return inventory(paths.bundles(), self.signature_check)

    @cached_property
    def signature_check(self) -> SignatureCheck:
        """Tells who signed a manifest, by the keys that come with the program.

        Raises `SigningKeyUnusable`.
        """
        from drscreen.adapters.model.signature import TrustedKeys

        return TrustedKeys(paths.trusted_keys()).check

    def examined_networks(self, models: Sequence[str] = ()) -> Iterator[NetworkState]:
        """Each installed network, or those named, then the quality gate's own: every file hashed,
        every tensor found whole and finite, the signature checked. Seconds; torch is imported.
        """
        from drscreen.adapters.model.inventory import examined

        for name in models or self.bundle_names():
            yield examined(name, self.verified_bundle)
        if not models:
            yield self.examined_quality_network()

    def examined_quality_network(self) -> NetworkState:
        """The quality gate's network as it is found. Does not load torch."""
        from drscreen.adapters.imaging.quality_network import examined

        return examined(paths.quality_network(), self.signature_check)

    def sign_network(self, folder: Path, key: Path, password: str) -> Signature:
        """Sign a network that is found whole, in place of an older signature.

        Raises a `BundleError`, `QualityNetworkDamaged`, `SigningKeyUnusable` or `FileUnwritable`.
        """
        from drscreen.adapters.imaging.quality_network import TENSORS, QualityNetwork
        from drscreen.adapters.model.bundle import read_bundle
        from drscreen.adapters.model.signature import sign_folder

        of_the_gate = folder / TENSORS
        if of_the_gate.is_file():
            QualityNetwork.read(of_the_gate, nobody_signs)
            sign_folder(folder, key, password)
            return QualityNetwork.read(of_the_gate, self.signature_check).signature
        read_bundle(folder, nobody_signs)
        sign_folder(folder, key, password)
        return read_bundle(folder, self.signature_check).signature

    @staticmethod
    def make_signing_key(file: Path, password: str) -> Path:
        """A new private key under that password; returns where its public key lies.

        Raises `PasswordTooWeak` or `FileUnwritable`.
        """
        from drscreen.adapters.model.signature import make_key

        return make_key(file, password)

    def bundle(self, model: str = "") -> Bundle:
        """A network's manifest, every file hashed. Raises a `BundleError`. Does not load torch."""
        from drscreen.adapters.model.bundle import read_bundle

        return read_bundle(self.bundle_folder(model), self.signature_check)

    def verified_bundle(self, model: str = "") -> Bundle:
        """A network whose tensors are found whole and finite besides; seconds, torch is imported.

        Raises a `BundleError`.
        """
        bundle = self.bundle(model)
        from drscreen.adapters.model.predictor import load_network

        load_network(bundle)
        return bundle

    def quality_gate(self) -> QualityGate:
        """The check before the network. Raises `QualityNetworkDamaged`. Does not load torch."""
        from drscreen.adapters.imaging.quality import FundusQualityGate
        from drscreen.adapters.imaging.quality_network import QualityNetwork

        network = QualityNetwork.read(paths.quality_network(), self.signature_check)
        if network.signature.signer not in TRUSTED:
            raise QualityNetworkDamaged(
                "The quality check is signed by nobody whom the program trusts."
            )
        return FundusQualityGate(network)

    def bundle_folder(self, model: str = "") -> Path:
        """Where a network lies, by name or path; the best installed for an empty name.

        Raises `BundleMissing`. Does not load torch.
        """
        from drscreen.adapters.model.bundle import resolve

        return resolve(paths.bundles(), model)

    def predictor(self, model: str = "", device: DeviceChoice = DeviceChoice.AUTO) -> Predictor:
        """A loaded, verified network; seconds, because torch is imported here.

        Raises a `BundleError` or `DeviceUnavailable`.
        """
        folder = self.bundle_folder(model)
        from drscreen.adapters.model.predictor import TorchPredictor

        return TorchPredictor(folder, device, check=self.signature_check)

    def network_findings(self) -> list[Finding]:
        """What is wrong with the installed networks, and with the one that judges quality. Every
        file is hashed; torch is not loaded.
        """
        from drscreen.domain.errors import DrscreenError
        from drscreen.domain.integrity import Finding, Part

        found = [
            Finding(Part.NETWORK, f"{one.folder.name}: {one.fault.message}")
            for one in self.bundles()
            if one.fault is not None
        ]
        try:
            self.bundle_folder()
            self.quality_gate()
        except DrscreenError as error:
            found.append(Finding(Part.NETWORK, error.message))
        return found
