package io.inpod.iptables.backend;

/** {@code netlink-inet}. */
class NetlinkInetContractTest extends BackendContract {
    @Override
    Backend backend() {
        return NetlinkBackend.inet();
    }
}
