package io.inpod.iptables.backend;

/** {@code netlink}. */
class NetlinkContractTest extends BackendContract {
    /** It is fast, and what two of them do with ipsets at once goes wrong only now and then. */
    @Override
    int rounds() {
        return 100;
    }

    @Override
    Backend backend() {
        return NetlinkBackend.iptables();
    }
}
