package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.relay.RelayResult;
import io.inpod.tproxy.relay.RelaySide;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs one line per connection of a pod when it has ended, within the {@linkplain LogLines share} of its client. */
final class AccessLog {
    private static final Logger LOG = LoggerFactory.getLogger("access");
    /** The slash in front of an address in the messages of Java and Netty, where the name would be. */
    private static final Pattern JAVA_ADDRESS = Pattern.compile("(?<![^\\s:='\"(])/(?=[0-9\\[])");

    private final LogLines.OfPod lines;

    AccessLog(LogLines.OfPod lines) {
        this.lines = lines;
    }

    /** {@return the pod's lines, for what other loggers have to say about its connections} */
    LogLines.OfPod lines() {
        return lines;
    }

    /**
     * A connection as it appears in the log.
     *
     * @param direction "inbound" or "outbound"
     * @param source the client's address
     * @param sourceIdentity the client's identity, or null if it isn't authenticated
     * @param destination the destination of this hop
     * @param authority the tunnel's destination, or null without a tunnel
     * @param destinationIdentity the destination's identity, or null without a tunnel
     * @param service the service that the client asked for, or null
     * @param waypoint the waypoint to which it leads, or null
     * @param passedOver how many endpoints were tried before
     */
    record Connection(
            String direction,
            InetSocketAddress source,
            @Nullable SpiffeId sourceIdentity,
            InetSocketAddress destination,
            @Nullable String authority,
            @Nullable SpiffeId destinationIdentity,
            @Nullable Service service,
            @Nullable Workload waypoint,
            int passedOver) {
        Connection(String direction, InetSocketAddress source, @Nullable SpiffeId sourceIdentity, InetSocketAddress destination,
                @Nullable String authority, @Nullable SpiffeId destinationIdentity) {
            this(direction, source, sourceIdentity, destination, authority, destinationIdentity, null, null, 0);
        }

        /** {@return what is connected to, in the words of errors} */
        String what() {
            return authority == null ? text(destination) : "HBONE tunnel to " + authority + " through " + text(destination);
        }

        @Override
        public String toString() {
            return "src.addr=" + text(source)
                    + (sourceIdentity == null ? "" : " src.identity=\"" + sourceIdentity + "\"")
                    + " dst.addr=" + text(destination)
                    + (authority == null ? "" : " dst.hbone_addr=" + authority)
                    + (destinationIdentity == null ? "" : " dst.identity=\"" + destinationIdentity + "\"")
                    + " direction=\"" + direction + "\""
                    + (service == null ? "" : " dst.service=\"" + words(service.hostname().toString()) + "\"")
                    + (waypoint == null ? "" : " dst.waypoint=\"" + words(waypoint.uid()) + "\"")
                    + (passedOver == 0 ? "" : " passed_over=" + passedOver);
        }
    }

    /** What a client asked for, perhaps a name. */
    static InetSocketAddress address(Target target) {
        return target instanceof Target.Address to ? new InetSocketAddress(to.address(), to.port())
                : InetSocketAddress.createUnresolved(((Target.Name) target).hostname(), target.port());
    }

    /** An address as it appears in every line of every log, such as 10.0.0.1:80 or [fd00::1]:80. */
    static String text(@Nullable SocketAddress address) {
        if (address instanceof InetSocketAddress name && name.isUnresolved()) {
            return name.getHostString() + ":" + name.getPort();
        }
        return address instanceof InetSocketAddress inet ? NetUtil.toSocketAddressString(CanonicalAddress.of(inet))
                : String.valueOf(address);
    }

    /** Logs a relay that has ended. Its downstream side is the client. */
    void ended(Connection connection, RelayResult result) {
        ended(connection, result, null);
    }

    /** Logs a relay that has ended, and why it was cut if it was. */
    void ended(Connection connection, RelayResult result, @Nullable String cut) {
        if (!lines.take(connection.source().getAddress(), 1)) {
            return;
        }
        String line = connection + " bytes_sent=" + result.bytesUpstream() + " bytes_recv=" + result.bytesDownstream()
                + " duration=\"" + result.duration().toMillis() + "ms\"";
        Throwable error = result.error();
        if (cut != null) {
            LOG.error("connection complete\t{} error=\"{}\"", line, words(cut));
        } else if (error == null) {
            LOG.info("connection complete\t{}", line);
        } else {
            String side = result.failedSide() == null ? "" : result.failedSide() == RelaySide.DOWNSTREAM ? "client: " : "upstream: ";
            LOG.error("connection complete\t{} error=\"{}{}\"", line, side, words(error));
        }
    }

    /** Logs a connection that failed before a relay started. */
    void failed(Connection connection, String reason) {
        if (lines.take(connection.source().getAddress(), 1)) {
            LOG.warn("connection failed\t{} error=\"{}\"", connection, reason);
        }
    }

    /** Logs what policies that are only tried would change. */
    void tried(Connection connection, String verdict) {
        if (lines.take(connection.source().getAddress(), 1)) {
            LOG.info("policy dry run\t{} would_be=\"{}\"", connection, words(verdict));
        }
    }

    /** Logs a connection that failed before it had a request. */
    void failed(InetSocketAddress source, InetSocketAddress destination, String reason) {
        failed(new Connection("inbound", source, null, destination, null, null), words(reason));
    }

    static String words(Throwable error) {
        String message = error.getMessage();
        return words(message == null ? error.getClass().getSimpleName() : message);
    }

    static String words(String message) {
        return JAVA_ADDRESS.matcher(message).replaceAll("").replace('"', '\'').replaceAll("\\s+", " ");
    }
}
