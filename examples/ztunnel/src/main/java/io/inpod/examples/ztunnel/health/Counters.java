package io.inpod.examples.ztunnel.health;

import io.inpod.examples.ztunnel.dns.DnsCounters;

/**
 * What is counted for all pods together, also for those that are gone.
 *
 * @param dns their DNS queries
 * @param outbound their outbound connections that were not connected
 */
public record Counters(DnsCounters dns, OutboundFailures outbound) {
    /** {@return counters at zero} */
    public static Counters atZero() {
        return new Counters(new DnsCounters(), new OutboundFailures());
    }
}
