package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.live.LiveConnection;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.trace.TracedConnection;
import io.inpod.examples.ztunnel.trace.Traces;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.PodTraffic;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.examples.ztunnel.traffic.TrafficKey;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayListener;
import io.inpod.tproxy.relay.RelayResult;
import java.net.InetSocketAddress;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reports a pod's connections, to the log, to what is counted, and as traces.
 *
 * @param log the log
 * @param traffic what is counted
 * @param traces the traces
 */
record Reports(AccessLog log, PodTraffic traffic, Traces traces) {
    private static TrafficKey key(AccessLog.Connection connection, @Nullable Service service) {
        boolean inbound = connection.direction().equals("inbound");
        boolean tunnel = connection.source().identity() != null;
        return new TrafficKey(inbound, connection.source().workload(), connection.source().identity(),
                connection.destination().workload(), tunnel ? connection.destination().identity() : null, service, tunnel);
    }

    /** Begins a relay of an outbound connection, whose client asked for an address; null if it was a name. */
    void relayed(AccessLog.Connection connection, @Nullable Service service, @Nullable InetSocketAddress wanted,
            Function<RelayListener, Relay> relay) {
        Flow flow = traffic.opened(key(connection, service),
                new Flow.Route(connection.source().address(), wanted, connection.destination().address()));
        log.opened(connection);
        carried(flow, relay.apply(result -> ended(flow, connection, result, null)));
    }

    /** Begins a relay of an inbound connection, which policy may cut. */
    void relayed(AccessLog.Connection connection, InetSocketAddress app, LiveConnection live, Function<RelayListener, Relay> relay) {
        Flow flow = traffic.opened(key(connection, null), new Flow.Route(connection.source().address(), null, app));
        log.opened(connection);
        Relay begun = relay.apply(result -> ended(flow, connection, result, live));
        carried(flow, begun);
        live.whenCut(begun::abort);
    }

    private static void carried(Flow flow, Relay relay) {
        flow.carriedBy(relay::bytesUpstream, relay::bytesDownstream);
    }

    private void ended(Flow flow, AccessLog.Connection connection, RelayResult result, @Nullable LiveConnection live) {
        String cut = live == null ? null : live.cut();
        ResponseFlag flag = cut == null ? ResponseFlag.of(result.error(), flow.key().tunnel()) : cut(live);
        flow.ended(result.bytesUpstream(), result.bytesDownstream(), flag);
        Throwable error = result.error();
        connection.trace().end(() -> traced(connection, flow.key(), result.bytesUpstream(), result.bytesDownstream(), flag,
                cut != null ? cut : error == null ? null : AccessLog.words(error)));
        log.ended(connection, result, flag, cut);
    }

    /** Reports a connection that failed before a relay began. */
    void failed(AccessLog.Connection connection, @Nullable Service service, ResponseFlag flag, String reason) {
        TrafficKey key = key(connection, service);
        traffic.failed(key, flag);
        connection.trace().end(() -> traced(connection, key, 0, 0, flag, reason));
        log.failed(connection, flag, reason);
    }

    private static TracedConnection traced(AccessLog.Connection connection, TrafficKey key, long fromClient, long toClient,
            ResponseFlag flag, @Nullable String error) {
        return new TracedConnection(key, connection.source().address(), connection.destination().address(),
                connection.authority() == null ? null : connection.authority().toString(),
                connection.passedOver(), fromClient, toClient, flag, error);
    }

    /** Reports a connection that failed because of an error. */
    void failed(AccessLog.Connection connection, @Nullable Service service, Throwable cause) {
        failed(connection, service, ResponseFlag.of(cause, connection.authority() != null), AccessLog.words(cause));
    }

    /** Returns the flag of a connection that was cut. */
    static ResponseFlag cut(@Nullable LiveConnection live) {
        return live != null && live.isRevoked() ? ResponseFlag.CERT_REVOKED : ResponseFlag.DENY;
    }
}
