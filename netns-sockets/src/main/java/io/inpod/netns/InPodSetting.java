package io.inpod.netns;

import java.util.List;

/**
 * A setting of a pod's network namespace on whose value a promise of the in-pod redirection depends, see sysctl(8). A process of the pod
 * with user 0 can change it without any capability where {@code /proc/sys} is writable.
 *
 * @param name its name; {@code *} stands for every interface, {@code all} and {@code default}
 * @param value the value that it must have, which is the kernel's default
 * @param tproxyOnly whether it matters only if inbound connections are handed over by TPROXY
 * @param otherwise what happens with another value, for messages
 */
public record InPodSetting(String name, String value, boolean tproxyOnly, String otherwise) {
    /** All of them. */
    public static final List<InPodSetting> ALL = List.of(
            new InPodSetting("net.ipv4.tcp_fwmark_accept", "0", false,
                    "a socket that accepts a connection of the proxy inherits its mark, with which it can bypass the redirection"),
            new InPodSetting("net.ipv4.fwmark_reflect", "0", false,
                    "the kernel's own replies take the mark of the packets that they answer, and may pass as the proxy's"),
            new InPodSetting("net.ipv6.fwmark_reflect", "0", false,
                    "the kernel's own replies take the mark of the packets that they answer, and may pass as the proxy's"),
            new InPodSetting("net.ipv4.conf.*.route_localnet", "0", false,
                    "packets from other hosts reach 127.0.0.1, which the redirection leaves alone"),
            new InPodSetting("net.ipv4.conf.*.src_valid_mark", "0", true,
                    "the check of source addresses follows TPROXY's mark and drops inbound packets"));
}
