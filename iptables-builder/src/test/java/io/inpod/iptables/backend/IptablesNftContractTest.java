package io.inpod.iptables.backend;

import io.inpod.iptables.backend.IptablesTools.Variant;

/** {@code iptables-nft}. */
class IptablesNftContractTest extends BackendContract {
    @Override
    Backend backend() {
        return new IptablesBackend(IptablesTools.system().withVariant(Variant.NFT).withTimeout(PATIENCE));
    }
}
