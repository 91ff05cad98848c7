package io.inpod.iptables.backend;

/** {@code iptables-legacy}. */
class IptablesLegacyContractTest extends BackendContract {
    @Override
    Backend backend() {
        return IptablesBackend.legacy();
    }
}
