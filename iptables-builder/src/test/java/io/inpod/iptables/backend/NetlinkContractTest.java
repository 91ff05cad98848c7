package io.inpod.iptables.backend;

/** {@code netlink}. */
class NetlinkContractTest extends BackendContract {
    /** More rounds, because this back end is fast, and concurrent changes of ipsets rarely conflict. */
    @Override
    int rounds() {
        return 100;
    }

    @Override
    Backend backend() {
        return NetlinkBackend.iptables();
    }
}
