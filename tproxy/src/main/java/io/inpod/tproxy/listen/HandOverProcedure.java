package io.inpod.tproxy.listen;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.tcp.TcpListener;
import io.inpod.tproxy.internal.ListenerTable;
import io.netty.channel.ChannelException;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a listener without resetting clients that have connected to it. Closing a listener drops the connections that it hasn't accepted,
 * and while it listens it gets new ones. Therefore either the kernel moves them to the other listener, or the kernel no longer selects this
 * listener for new connections before it is closed.
 */
final class HandOverProcedure {
    private static final int POLL_MILLIS = 10;

    // struct tcp_info of a listener has the length of its queue in tcpi_unacked (net/ipv4/tcp.c, tcp_get_info)
    private static final int UNACKED = 24;
    private static final RawUnixChannelOption TCP_INFO = new RawUnixChannelOption("TCP_INFO", 6, 11, 104);

    // struct sock_fprog { unsigned short len; struct sock_filter *filter; } with one instruction { u16 code; u8 jt, jf; u32 k }
    private static final RawUnixChannelOption ATTACH_SELECTION = new RawUnixChannelOption("SO_ATTACH_REUSEPORT_CBPF", 1, 51, 16);
    private static final short BPF_RET_K = 6;
    /** The kernel numbers the listeners of a port in the order in which they bind; when one closes, the last one takes its number. */
    private static final int THE_NEWER_OF_TWO = 1;

    private final NetworkNamespace namespace;
    private final TcpListener listener;
    private final Duration settle;
    private final MigrationSetting migration;
    private final EventLoop loop;
    private final Promise<HandOver> done;

    /** The setting is shared by all listeners of the namespace that are handed over together. */
    HandOverProcedure(NetworkNamespace namespace, TcpListener listener, Duration settle, MigrationSetting migration) {
        this.namespace = namespace;
        this.listener = listener;
        this.settle = settle;
        this.migration = migration;
        this.loop = listener.eventLoop();
        this.done = loop.newPromise();
    }

    Future<HandOver> start() {
        try {
            if (ListenerTable.listeners(namespace, listener.localAddress().getPort()) < 2) {
                serveAndClose("no other socket listens on this port");
            } else {
                migration.acquire();
                migrate();
            }
        } catch (IOException e) {
            select("the kernel can't move connections to another listener (" + e.getMessage() + ")");
        }
        return done;
    }

    /** The setting must stay on until the handshakes that began here are over: it also decides where their last packet goes. */
    private void migrate() {
        listener.close().addListener(closed -> later(
                () -> done.trySuccess(new HandOver(HandOver.Method.MIGRATION, migration.release())), settle.toNanos(),
                TimeUnit.NANOSECONDS));
    }

    private void select(String noMigration) {
        String noSelection = leaveSelection();
        if (noSelection != null) {
            serveAndClose(noMigration + ", and a BPF program can't select it (" + noSelection + ")");
        } else {
            serveQueue(settle, new HandOver(HandOver.Method.SELECTION, null));
        }
    }

    private void serveAndClose(String why) {
        serveQueue(Duration.ZERO, new HandOver(HandOver.Method.NONE,
                why + ": clients that connected in the moment before the listener was closed may have been reset"));
    }

    /** Makes the kernel select the other listener for new connections; returns null, or why that isn't possible. */
    private @Nullable String leaveSelection() {
        try {
            int listeners = ListenerTable.listeners(namespace, listener.localAddress().getPort());
            if (listeners != 2) {
                return listeners + " sockets listen on this port, not two";
            }
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
        ByteBuffer program = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        try {
            program.putShort(0, BPF_RET_K).putInt(4, THE_NEWER_OF_TWO);
            ByteBuffer header = ByteBuffer.allocate(16).order(program.order());
            header.putShort(0, (short) 1).putLong(8, Buffer.memoryAddress(program));
            listener.config().setOption(ATTACH_SELECTION, header);
            return null;
        } catch (ChannelException e) {
            return "setsockopt(SO_ATTACH_REUSEPORT_CBPF) failed: " + (e.getCause() == null ? e : e.getCause()).getMessage();
        } finally {
            Reference.reachabilityFence(program);
        }
    }

    /**
     * Waits until the event loop has accepted all connections in the queue and the handshakes that still add to it are over, but not longer
     * than ten times the time allowed for handshakes; then closes the listener.
     *
     * @param quiet how long the queue must have been empty
     */
    private void serveQueue(Duration quiet, HandOver result) {
        long begin = System.nanoTime();
        loop.execute(() -> orFail(() -> serveQueue(quiet, result, begin, begin)));
    }

    private void serveQueue(Duration quiet, HandOver result, long begin, long emptySince) {
        long now = System.nanoTime();
        boolean empty = queued() == 0;
        if (empty && now - emptySince >= quiet.toNanos()) {
            close(result);
        } else if (now - begin >= 10 * settle.toNanos()) {
            close(new HandOver(result.method(), "connections still arrived at the end and may have been reset"));
        } else {
            later(() -> serveQueue(quiet, result, begin, empty ? emptySince : now), POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the procedure's own future reports what the step throws
    private void later(Runnable step, long delay, TimeUnit unit) {
        loop.schedule(() -> orFail(step), delay, unit);
    }

    private void orFail(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            done.tryFailure(e);
        }
    }

    private void close(HandOver result) {
        listener.close().addListener(closed -> done.trySuccess(result));
    }

    private int queued() {
        try {
            return listener.config().getOption(TCP_INFO).getInt(UNACKED);
        } catch (ChannelException closed) {
            return 0;
        }
    }
}
