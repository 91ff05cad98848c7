package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.succession.Succession;
import io.inpod.examples.ztunnel.trace.Traces;
import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.share.Holdings;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The state that the proxies of all pods share.
 *
 * @param config the configuration
 * @param mesh the workloads, as they are known now
 * @param certificates the source of the certificates of the pods on this node
 * @param tls how TLS is spoken between pods
 * @param group the event loops, all started: a thread that is started later could inherit a pod's namespace
 * @param local the addresses of the pods on this node
 * @param nameServers the name servers for what pods ask and the mesh doesn't know
 * @param names looks names up
 * @param holders finds the processes that have ports of pods
 * @param tunnels the connections that carry tunnels from pods on this node
 * @param holdings what all pods hold
 * @param lines the lines of the log about connections
 * @param enforcement what a change of the mesh means for connections
 * @param counters what is counted for all pods
 * @param control runs what must not run on an event loop
 * @param succession passes listeners from one ztunnel to the next; null if that is off
 * @param traces traces of connections
 */
public record Shared(ProxyConfig config, MeshState mesh, CertificateSource certificates, HboneTls tls, EventLoopGroup group,
        LocalAddresses local,
        NameServers nameServers, NameLookups names, HolderSearch holders, OwnConnections tunnels, Holdings holdings, LogLines lines,
        Enforcement enforcement, Counters counters, Executor control, @Nullable Succession succession,
        Traces traces) {
    /** Creates the state with TLS as it is by default, and without traces. */
    public Shared(ProxyConfig config, MeshState mesh, CertificateSource certificates, EventLoopGroup group, LocalAddresses local,
            NameServers nameServers, NameLookups names, HolderSearch holders, OwnConnections tunnels, Holdings holdings, LogLines lines,
            Enforcement enforcement, Counters counters, Executor control, @Nullable Succession succession) {
        this(config, mesh, certificates, HboneTls.DEFAULT, group, local, nameServers, names, holders, tunnels, holdings, lines, enforcement,
                counters, control, succession, Traces.NONE);
    }

    List<EventLoop> loops() {
        List<EventLoop> loops = new ArrayList<>();
        group.forEach(loop -> loops.add((EventLoop) loop));
        return loops;
    }
}
