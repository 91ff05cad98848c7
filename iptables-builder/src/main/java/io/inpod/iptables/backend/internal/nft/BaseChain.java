package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Hook;
import io.inpod.iptables.TableName;

/**
 * How a chain is hooked into a packet's path through the kernel.
 *
 * @param hook NF_INET_
 * @param priority the lower the earlier
 * @param type {@code filter}, {@code nat} or {@code route}
 */
record BaseChain(int hook, int priority, String type) {
    private static final int SOURCE_NAT = 100;

    /** Returns how iptables and istio-cni hook a built-in chain of a table. */
    static BaseChain of(TableName table, Hook hook) {
        int priority = switch (table) {
            case RAW -> -300;
            case MANGLE -> -150;
            case NAT -> hook == Hook.POSTROUTING || hook == Hook.INPUT ? SOURCE_NAT : -SOURCE_NAT;
            case FILTER -> 0;
        };
        String type = table == TableName.NAT ? "nat" : table == TableName.MANGLE && hook == Hook.OUTPUT ? "route" : "filter";
        return new BaseChain(number(hook), priority, type);
    }

    private static int number(Hook hook) {
        return switch (hook) {
            case PREROUTING -> 0;
            case INPUT -> 1;
            case FORWARD -> 2;
            case OUTPUT -> 3;
            case POSTROUTING -> 4;
        };
    }
}
