package io.inpod.iptables.backend;

import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.backend.tools.IptablesTools;

/** {@code iptables-legacy}. */
class IptablesLegacyContractTest extends BackendContract {
    @Override
    Backend backend() {
        return new IptablesBackend(IptablesTools.system().withVariant(Variant.LEGACY).withTimeout(PATIENCE));
    }
}
