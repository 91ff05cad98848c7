package io.inpod.tproxy.listen;

import org.jspecify.annotations.Nullable;

/**
 * The result of {@linkplain AcceptLoop#handOver handing over} an {@link AcceptLoop}.
 *
 * @param method what kept clients from being reset
 * @param risk which clients may have been reset nevertheless, and why; null if none
 */
public record HandOver(Method method, @Nullable String risk) {
    /** A way to close one of several listeners on the same port. */
    public enum Method {
        /** The kernel moved the queue to the other listener: {@code net.ipv4.tcp_migrate_req}, since Linux 5.14. */
        MIGRATION,
        /** A BPF program chose the other listener for new connections (SO_ATTACH_REUSEPORT_CBPF, socket(7)); the queue was served here. */
        SELECTION,
        /** None: the queue was served here until it was empty, but new connections could arrive until the end. */
        NONE
    }
}
