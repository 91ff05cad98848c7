package io.inpod.examples.ztunnel.admin;

import io.inpod.examples.ztunnel.health.FewConnections;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Answers on the loopback addresses of the proxy's own network namespace, over HTTP/1.1, one request per connection. Whoever reaches them
 * may ask for everything that is there, except pages of other origins in a browser.
 */
public final class AdminServer implements AutoCloseable {
    /** How many clients may have server-sent events. */
    static final int MOST_STREAMS = 16;
    private static final int BACKLOG = 64;
    private static final int LONGEST_REQUEST_SECONDS = 2;
    private static final int LONGEST_WRITE_SECONDS = 30;
    private static final int LONGEST_LINE = 4096;
    private static final int LONGEST_HEADERS = 8192;
    private static final int LONGEST_BODY = 16_384;

    private final EventLoopGroup loop;
    private final Map<String, Page> pages;
    private final FewConnections open = new FewConnections(MOST_STREAMS);
    private final List<Channel> listeners = new ArrayList<>();

    private AdminServer(EventLoopGroup thread, Map<String, Page> pages) {
        this.loop = thread.next();
        this.pages = Map.copyOf(pages);
    }

    /**
     * Starts the thread on which an operator is answered, beside those that carry the pods' connections.
     *
     * @return an event loop that has been started
     */
    public static EventLoopGroup thread() {
        EventLoopGroup thread = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("admin", true), EpollIoHandler.newFactory());
        thread.next().submit(() -> {}).awaitUninterruptibly();
        return thread;
    }

    /**
     * Begins to answer on 127.0.0.1 and ::1, in this thread's network namespace. Blocks until the port is bound.
     *
     * @param thread answers, see {@link #thread}
     * @param port the port; 0 for any, of IPv4 alone
     * @param pages what is answered, by path
     * @return the server
     * @throws IOException if the port is taken
     */
    @SuppressWarnings("AddressSelection") // an address in figures is not looked up
    public static AdminServer open(EventLoopGroup thread, int port, Map<String, Page> pages) throws IOException {
        AdminServer server = new AdminServer(thread, pages);
        server.bind(SocketProtocolFamily.INET, new InetSocketAddress("127.0.0.1", port));
        try {
            if (port != 0) {
                server.bind(SocketProtocolFamily.INET6, new InetSocketAddress("::1", port));
            }
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("in use")) {
                server.close();
                throw e;
            } // otherwise the namespace has no IPv6
        }
        return server;
    }

    private void bind(SocketProtocolFamily family, InetSocketAddress address) throws IOException {
        ChannelFuture bound = new ServerBootstrap().group(loop).channelFactory(() -> new EpollServerSocketChannel(family))
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        accepted(connection);
                    }
                }).bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("can't listen on port " + address.getPort() + ": " + bound.cause().getMessage(), bound.cause());
        }
        listeners.add(bound.channel());
    }

    private void accepted(Channel connection) {
        open.add(connection);
        ReadTimeoutHandler patience = new ReadTimeoutHandler(LONGEST_REQUEST_SECONDS, TimeUnit.SECONDS);
        connection.pipeline().addLast(patience, new WriteTimeoutHandler(LONGEST_WRITE_SECONDS, TimeUnit.SECONDS),
                new HttpServerCodec(LONGEST_LINE, LONGEST_HEADERS, LONGEST_HEADERS), new HttpObjectAggregator(LONGEST_BODY),
                new Requests(pages, open, patience));
    }

    /** {@return the port at which it answers} */
    public int port() {
        return ((InetSocketAddress) listeners.get(0).localAddress()).getPort();
    }

    /** Answers no more. */
    @Override
    public void close() {
        listeners.forEach(listener -> listener.close().awaitUninterruptibly());
        loop.execute(open::close);
    }
}
