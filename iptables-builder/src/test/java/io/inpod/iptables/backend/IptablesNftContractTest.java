package io.inpod.iptables.backend;

/** {@code iptables-nft}. */
class IptablesNftContractTest extends BackendContract {
    @Override
    Backend backend() {
        return IptablesBackend.nft();
    }
}
