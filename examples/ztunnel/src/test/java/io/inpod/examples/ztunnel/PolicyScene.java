package io.inpod.examples.ztunnel;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Three pods with an app each, served in this process, and a fourth that isn't: the client. Each pod is called as its Kubernetes namespace:
 * locked, guarded, ports. The apps return what they get, on two ports.
 */
final class PolicyScene implements AutoCloseable {
    static final int APP = 8080;
    static final int OTHER_APP = 8081;
    static final List<String> PODS = List.of("locked", "guarded", "ports");
    static final String TRUST_DOMAIN = "cluster.local";

    final MeshState state = new MeshState();
    final Enforcement enforcement;
    final Pod client;
    private final PodNetwork network;
    private final DevelopmentCa ca;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, PodProxy> proxies = new LinkedHashMap<>();
    private final List<Closeable> opened = new ArrayList<>();

    PolicyScene(PodNetwork network, Path home) throws Exception {
        this.network = network;
        client = network.pod(3);
        ca = DevelopmentCa.open(home);
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        ExecutorService watch = Executors.newSingleThreadExecutor();
        opened.add(watch::shutdown);
        enforcement = Enforcement.of(state, watch);
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []", "NODE_NAME", "test",
                "UNSTABLE_ENABLE_SOCKS5", "true", "INPOD_WORKLOAD_WAIT", "1h"));
        Executor none = Runnable::run;
        Shared shared = new Shared(config, state, ca, loops, new LocalAddresses(), new NameServers(Path.of("/etc/resolv.conf")),
                new NameLookups(none, 1, NameLookups.Resolver.SYSTEM),
                new HolderSearch(none, (namespace, inodes) -> new SocketHolders(Map.of(), true), System::nanoTime), new OwnConnections(),
                config.limits().holdings(), new LogLines(10_000), enforcement, Counters.atZero(), none, null);
        for (String name : PODS) {
            Pod pod = pod(name);
            serve(pod, APP);
            serve(pod, OTHER_APP);
            Tool.run(pod.namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
            Tool.run(pod.namespace(), "iptables", "-t", "nat", "-A", "PREROUTING", "!", "-i", "lo", "-p", "tcp", "--dport", "" + APP, "-j",
                    "REDIRECT", "--to-ports", "15006");
            proxies.put(name, PodProxy.start(shared, new WorkloadInfo("pod", name, "sa"), pod.namespace().duplicate()));
        }
    }

    Pod pod(String name) {
        return network.pod(PODS.indexOf(name));
    }

    PodProxy proxy(String name) {
        return proxies.get(name);
    }

    /** The workload of a pod. */
    WorkloadBuilder workload(String name) {
        return Workload.builder(name, name).name("pod").serviceAccount("sa").node("test").hbone(true)
                .addresses(List.of(pod(name).address()));
    }

    private void serve(Pod pod, int port) throws IOException {
        Tool.run(pod.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", Integer.toString(port), "lookup", "100");
        ServerSocketChannel app = pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        opened.add(app);
        app.bind(new InetSocketAddress("0.0.0.0", port));
        threads.execute(() -> {
            while (app.isOpen()) {
                try {
                    Socket socket = app.accept().socket();
                    threads.execute(() -> echo(socket));
                } catch (IOException e) {
                    return; // the end
                }
            }
        });
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException e) {
            // reset
        }
    }

    /** A tunnel: what it receives, and {@code "end"} when it has ended. */
    static final class Tunnel extends ChannelInboundHandlerAdapter {
        final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        private volatile Channel channel;

        void send(String text) {
            channel.writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            channel = context.channel();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            received.add(((ByteBuf) message).toString(StandardCharsets.US_ASCII));
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
            received.add("reset");
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            received.add("end");
        }
    }

    /** A client with its own connections. */
    HboneClient client() throws IOException {
        return new HboneClient(loops, ca, Connector.of(NettyChannels.client(client.namespace())));
    }

    /** Asks for a tunnel to an app, and doesn't wait for the answer. */
    Future<TunnelChannel> ask(HboneClient from, String account, String pod, int port, Tunnel tunnel) {
        return ask(from, account, pod, Authority.of(new InetSocketAddress(pod(pod).address(), port)), List.of(), tunnel);
    }

    /** Asks for a tunnel to anything, and doesn't wait for the answer. */
    Future<TunnelChannel> ask(HboneClient from, String account, String pod, Authority authority, List<Header> headers, Tunnel tunnel) {
        HboneDestination peer = new HboneDestination(new SpiffeId(TRUST_DOMAIN, "default", account),
                new SpiffeId(TRUST_DOMAIN, pod, "sa"), new InetSocketAddress(pod(pod).address(), 15008));
        return from.connect(peer, authority, headers, tunnel);
    }

    /** Connects to an app in plaintext. */
    Socket plaintext(String pod) throws IOException {
        Socket socket = client.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket();
        opened.add(socket);
        socket.setSoTimeout(30_000);
        socket.connect(new InetSocketAddress(pod(pod).address(), APP), 30_000);
        return socket;
    }

    @Override
    public void close() throws IOException {
        try {
            for (PodProxy proxy : proxies.values()) {
                proxy.stop();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        for (Closeable one : opened) {
            one.close();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        threads.shutdownNow();
        enforcement.watch().close();
    }
}
