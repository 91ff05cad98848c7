package io.inpod.examples.ztunnel.health;

import io.inpod.examples.ztunnel.dns.DnsCounters;
import io.inpod.examples.ztunnel.dns.HostnameCounters;
import io.inpod.examples.ztunnel.traffic.Traffic;

/**
 * What is counted for all pods together, also for those that are gone.
 *
 * @param dns their DNS queries
 * @param hostnames look-ups of workloads without addresses
 * @param outbound their outbound connections that were not connected
 * @param traffic their connections, by what is at both ends
 */
public record Counters(DnsCounters dns, HostnameCounters hostnames, OutboundFailures outbound, Traffic traffic) {
    /** How many combinations of labels {@link #traffic} may have; each is some 5 KiB of metrics. */
    public static final int MOST_SERIES = 5000;

    /** {@return counters at zero} */
    public static Counters atZero() {
        return new Counters(new DnsCounters(), new HostnameCounters(), new OutboundFailures(), new Traffic(MOST_SERIES));
    }
}
