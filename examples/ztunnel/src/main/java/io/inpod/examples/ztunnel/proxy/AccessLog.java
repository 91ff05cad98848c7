package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.examples.ztunnel.trace.ConnectionTrace;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.Authority;
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
    /** Where Netty has no message of the system, which is when there is no route. */
    private static final Pattern NO_MESSAGE = Pattern.compile("(?<![^ ])null(?=: /?[0-9\\[])");
    /** A name that needs no quotes. */
    private static final Pattern PLAIN = Pattern.compile("[\\p{Alnum}._*:-]+");

    /** What may stand before the slash of an address: white space, and what introduces a value. */
    private static final String BEFORE_ADDRESS = " \t\n\u000b\f\r:='\"(";

    private static final Pattern SPACE = Pattern.compile("[\\s\\p{Cntrl}]+");

    /** Most lines are shorter. */
    private static final int LENGTH = 640;

    private final LogLines.OfPod lines;

    AccessLog(LogLines.OfPod lines) {
        this.lines = lines;
    }

    /** {@return the pod's lines, for what other loggers have to say about its connections} */
    LogLines.OfPod lines() {
        return lines;
    }

    /**
     * An end of a connection as it appears in the log.
     *
     * @param address its address
     * @param identity its identity, or null if none is shown on the connection
     * @param workload what the mesh says has that address, or null
     */
    record End(InetSocketAddress address, @Nullable SpiffeId identity, @Nullable Workload workload) {
        private void identify(StringBuilder line, String end) {
            if (workload != null) {
                field(line, end, ".workload", workload.name().isEmpty() ? workload.telemetry().canonicalName() : workload.name());
                field(line, end, ".namespace", workload.namespace());
            }
            if (identity != null) { // has no character that couldn't stand in quotes
                line.append(' ').append(end).append(".identity=\"spiffe://").append(identity.trustDomain()).append(identity.path())
                        .append('"');
            }
            if (workload != null) {
                field(line, end, ".cluster", workload.telemetry().clusterId());
            }
        }
    }

    /**
     * A connection as it appears in the log, with the fields of Istio's ztunnel.
     *
     * @param direction "inbound" or "outbound"
     * @param source the client
     * @param destination the destination of this hop
     * @param authority the tunnel's destination, or null without a tunnel
     * @param service the hostname of the service that the client asked for, or null
     * @param waypoint the waypoint to which it leads, or null
     * @param passedOver how many endpoints were tried before
     * @param trace its span
     */
    record Connection(
            String direction,
            End source,
            End destination,
            @Nullable Authority authority,
            @Nullable String service,
            @Nullable Workload waypoint,
            int passedOver,
            ConnectionTrace trace) {
        Connection(String direction, End source, End destination, @Nullable Authority authority, @Nullable String service) {
            this(direction, source, destination, authority, service, null, 0, ConnectionTrace.NONE);
        }

        /** The connection with its span. */
        Connection traced(ConnectionTrace span) {
            return new Connection(direction, source, destination, authority, service, waypoint, passedOver, span);
        }

        /** The connection with the identity that the destination has shown. */
        Connection to(SpiffeId identity) {
            End shown = new End(destination.address(), identity, destination.workload());
            return new Connection(direction, source, shown, authority, service, waypoint, passedOver, trace);
        }

        /** {@return what is connected to, in the words of errors} */
        String what() {
            return authority == null ? text(destination.address())
                    : "HBONE tunnel to " + authority + " through " + text(destination.address());
        }

        @Override
        public String toString() {
            return line().toString();
        }

        /** One builder for the whole line: there is one for each connection. */
        private StringBuilder line() {
            StringBuilder line = new StringBuilder(LENGTH).append("src.addr=").append(text(source.address()));
            source.identify(line, "src");
            line.append(" dst.addr=").append(text(destination.address()));
            if (authority != null) {
                line.append(" dst.hbone_addr=").append(authority);
            }
            field(line, "dst", ".service", service == null ? "" : service);
            destination.identify(line, "dst");
            line.append(" direction=\"").append(direction).append('"');
            field(line, "dst", ".waypoint", waypoint == null ? "" : waypoint.uid());
            return passedOver == 0 ? line : line.append(" passed_over=").append(passedOver);
        }
    }

    private static void field(StringBuilder line, String end, String name, String value) {
        if (!value.isEmpty()) {
            line.append(' ').append(end).append(name).append("=\"").append(inQuotes(value)).append('"');
        }
    }

    /** What a client asked for, perhaps a name. */
    static InetSocketAddress address(Target target) {
        return target instanceof Target.Address to ? new InetSocketAddress(to.address(), to.port())
                : InetSocketAddress.createUnresolved(((Target.Name) target).hostname(), target.port());
    }

    /** An address as it appears in every line of every log: 10.0.0.1:80, [fd00::1]:80, a.example:80 or, in quotes, "any name:80". */
    static String text(@Nullable SocketAddress address) {
        if (address instanceof InetSocketAddress name && name.isUnresolved()) {
            String host = name.getHostString(); // as the client has sent it
            return PLAIN.matcher(host).matches() ? host + ":" + name.getPort() : "\"" + inQuotes(host) + ":" + name.getPort() + "\"";
        }
        return address instanceof InetSocketAddress inet ? NetUtil.toSocketAddressString(CanonicalAddress.of(inet))
                : String.valueOf(address);
    }

    /** Logs a relay that has begun, which is mostly not wanted. */
    void opened(Connection connection) {
        if (LOG.isDebugEnabled() && lines.take(connection.source().address().getAddress(), 1)) {
            LOG.debug("connection opened\t{}", connection);
        }
    }

    /** Logs a relay that has ended, how, and why it was cut if it was. Its downstream side is the client. */
    void ended(Connection connection, RelayResult result, ResponseFlag flag, @Nullable String cut) {
        Throwable error = result.error();
        boolean logged = cut != null || error != null ? LOG.isErrorEnabled() : LOG.isInfoEnabled();
        if (!logged || !lines.take(connection.source().address().getAddress(), 1)) {
            return;
        }
        boolean inbound = connection.direction().equals("inbound"); // what the pod has sent is what its client receives
        StringBuilder line = connection.line().append(" bytes_sent=").append(inbound ? result.bytesDownstream() : result.bytesUpstream())
                .append(" bytes_recv=").append(inbound ? result.bytesUpstream() : result.bytesDownstream())
                .append(" duration=\"").append(result.duration().toMillis()).append("ms\"");
        if (cut != null) {
            LOG.error("connection complete\t{} response_flags={} error=\"{}\"", line, flag, words(cut));
        } else if (error == null) {
            LOG.info("connection complete\t{}", line);
        } else {
            String side = result.failedSide() == null ? "" : result.failedSide() == RelaySide.DOWNSTREAM ? "client: " : "upstream: ";
            LOG.error("connection complete\t{} response_flags={} error=\"{}{}\"", line, flag, side, words(error));
        }
    }

    /** Logs a connection that failed before a relay started. */
    void failed(Connection connection, ResponseFlag flag, String reason) {
        if (LOG.isWarnEnabled() && lines.take(connection.source().address().getAddress(), 1)) {
            LOG.warn("connection failed\t{} response_flags={} error=\"{}\"", connection, flag, words(reason));
        }
    }

    /** Logs what policies that are only tried would change. */
    void tried(Connection connection, String verdict) {
        if (LOG.isInfoEnabled() && lines.take(connection.source().address().getAddress(), 1)) {
            LOG.info("policy dry run\t{} would_be=\"{}\"", connection, words(verdict));
        }
    }

    /** Logs a connection that failed before it had a request. */
    void failed(InetSocketAddress source, InetSocketAddress destination, ResponseFlag flag, String reason) {
        failed(new Connection("inbound", new End(source, null, null), new End(destination, null, null), null, null), flag, reason);
    }

    static String words(Throwable error) {
        String message = error.getMessage();
        return words(message == null ? error.getClass().getSimpleName() : message);
    }

    static String words(String message) {
        String said = message.contains("null") ? NO_MESSAGE.matcher(message).replaceFirst("no route to the host") : message;
        return inQuotes(withoutJavaSlashes(said));
    }

    /** Removes the slash in front of an address in the messages of Java and Netty, where the name would be. */
    private static String withoutJavaSlashes(String message) {
        int slash = message.indexOf('/');
        if (slash < 0) {
            return message;
        }
        StringBuilder kept = null;
        int copied = 0;
        for (; slash >= 0; slash = message.indexOf('/', slash + 1)) {
            boolean begins = slash == 0 || BEFORE_ADDRESS.indexOf(message.charAt(slash - 1)) >= 0;
            char next = slash + 1 < message.length() ? message.charAt(slash + 1) : ' ';
            if (begins && (next == '[' || next >= '0' && next <= '9')) {
                kept = (kept == null ? new StringBuilder(message.length()) : kept).append(message, copied, slash);
                copied = slash + 1;
            }
        }
        return kept == null ? message : kept.append(message, copied, message.length()).toString();
    }

    /** What can stand in quotes, on one line. Most values can as they are, and each line has many. */
    private static String inQuotes(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c < ' ' || c == 0x7f || c == ' ' && i > 0 && value.charAt(i - 1) == ' ') {
                return SPACE.matcher(value.replace('"', '\'')).replaceAll(" ");
            }
        }
        return value;
    }
}
