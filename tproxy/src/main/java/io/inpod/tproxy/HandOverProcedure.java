package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a listener without resetting those who have connected to it. Closing one drops the connections that it hasn't accepted, and
 * as long as it listens it gets new ones. So either the kernel moves them on, or the listener leaves the selection before it is closed.
 */
final class HandOverProcedure {
    private static final int POLL_MILLIS = 10;

    // struct tcp_info of a listener has the length of its queue in tcpi_unacked (net/ipv4/tcp.c, tcp_get_info)
    private static final int UNACKED = 24;
    private static final RawUnixChannelOption TCP_INFO = new RawUnixChannelOption("TCP_INFO", 6, 11, 104);

    // struct sock_fprog { unsigned short len; struct sock_filter *filter; } with one instruction { u16 code; u8 jt, jf; u32 k }
    private static final RawUnixChannelOption ATTACH_SELECTION = new RawUnixChannelOption("SO_ATTACH_REUSEPORT_CBPF", 1, 51, 16);
    private static final short BPF_RET_K = 6;
    /** The listeners of a port are numbered in the order of their coming; when one goes the last one takes its place. */
    private static final int THE_NEWER_OF_TWO = 1;

    private final NetworkNamespace namespace;
    private final EpollServerSocketChannel listener;
    private final Duration settle;

    HandOverProcedure(NetworkNamespace namespace, EpollServerSocketChannel listener, Duration settle) {
        this.namespace = namespace;
        this.listener = listener;
        this.settle = settle;
    }

    HandOver run() throws InterruptedException {
        try {
            if (ListenerTable.listeners(namespace, listener.localAddress().getPort()) < 2) {
                return serveAndClose("no other socket listens on this port");
            }
            return migrate(MigrationSetting.on(namespace));
        } catch (IOException e) {
            return select("the kernel can't move connections to another listener (" + e.getMessage() + ")");
        } finally {
            listener.close().sync();
        }
    }

    /** The setting must last until the handshakes are over that began here: it also decides where their last packet goes. */
    private HandOver migrate(MigrationSetting setting) throws InterruptedException {
        try {
            listener.close().sync();
            TimeUnit.NANOSECONDS.sleep(settle.toNanos());
        } catch (InterruptedException e) {
            setting.restore();
            throw e;
        }
        return new HandOver(HandOver.Method.MIGRATION, setting.restore());
    }

    private HandOver select(String noMigration) throws InterruptedException {
        String noSelection = leaveSelection();
        if (noSelection != null) {
            return serveAndClose(noMigration + ", nor can a program choose it (" + noSelection + ")");
        }
        boolean ended = serveQueue(settle);
        return new HandOver(HandOver.Method.SELECTION, ended ? null : "connections still came in at the end");
    }

    private HandOver serveAndClose(String why) throws InterruptedException {
        serveQueue(Duration.ZERO);
        return new HandOver(HandOver.Method.NONE, why + ": clients that connected in the moment before the listener was closed may have been reset");
    }

    /** {@return null, or why that isn't possible} */
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
     * The event loop accepts; this waits for the end of the queue, and of the handshakes that will still put something into it.
     *
     * @param quiet how long the queue must have been empty
     * @return whether it came to an end, in ten times the time allowed for handshakes
     */
    private boolean serveQueue(Duration quiet) throws InterruptedException {
        long begin = System.nanoTime();
        long emptySince = begin;
        while (System.nanoTime() - begin < 10 * settle.toNanos()) {
            if (queued() > 0) {
                emptySince = System.nanoTime();
            } else if (System.nanoTime() - emptySince >= quiet.toNanos()) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return false;
    }

    private int queued() {
        try {
            return listener.config().getOption(TCP_INFO).getInt(UNACKED);
        } catch (ChannelException closed) {
            return 0;
        }
    }
}
