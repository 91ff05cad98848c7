package io.inpod.iptables.backend;

import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.backend.tools.IptablesTools;

/** {@code iptables-nft}. */
class IptablesNftContractTest extends BackendContract {
    @Override
    Backend backend() {
        return new IptablesBackend(IptablesTools.system().withVariant(Variant.NFT).withTimeout(PATIENCE));
    }
}
