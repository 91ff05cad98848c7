package io.inpod.iptables.backend;

/** The nft tool. */
class NftContractTest extends BackendContract {
    @Override
    Backend backend() {
        return NftBackend.system();
    }
}
