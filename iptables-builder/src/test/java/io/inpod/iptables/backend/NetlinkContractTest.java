package io.inpod.iptables.backend;

/** {@code netlink}. */
class NetlinkContractTest extends BackendContract {
    @Override
    Backend backend() {
        return NetlinkBackend.iptables();
    }
}
