package io.inpod.netns.tcp;

import static io.inpod.netns.internal.SocketNumbers.IPPROTO_IP;
import static io.inpod.netns.internal.SocketNumbers.IPPROTO_TCP;
import static io.inpod.netns.internal.SocketNumbers.IP_FREEBIND;
import static io.inpod.netns.internal.SocketNumbers.IP_TRANSPARENT;
import static io.inpod.netns.internal.SocketNumbers.SOL_SOCKET;
import static io.inpod.netns.internal.SocketNumbers.SO_REUSEPORT;
import static io.inpod.netns.internal.SocketNumbers.TCP_FASTOPEN_CONNECT;
import static io.inpod.netns.internal.SocketNumbers.TCP_KEEPCNT;
import static io.inpod.netns.internal.SocketNumbers.TCP_KEEPIDLE;
import static io.inpod.netns.internal.SocketNumbers.TCP_KEEPINTVL;
import static io.inpod.netns.internal.SocketNumbers.TCP_NOTSENT_LOWAT;
import static io.inpod.netns.internal.SocketNumbers.TCP_USER_TIMEOUT;

import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.util.Map;
import java.util.Objects;

/** Netty's options of TCP connections on epoll that are numbers for the kernel. */
final class EpollOptions {
    // linux/tcp.h and asm-generic/socket.h
    private static final int TCP_CORK = 3;
    private static final int TCP_QUICKACK = 12;
    private static final int SO_BUSY_POLL = 46;

    private static final Map<ChannelOption<?>, Place> OPTIONS = Map.ofEntries(
            Map.entry(EpollChannelOption.TCP_CORK, new Place(IPPROTO_TCP, TCP_CORK, Type.FLAG)),
            Map.entry(EpollChannelOption.TCP_KEEPIDLE, new Place(IPPROTO_TCP, TCP_KEEPIDLE, Type.INT)),
            Map.entry(EpollChannelOption.TCP_KEEPINTVL, new Place(IPPROTO_TCP, TCP_KEEPINTVL, Type.INT)),
            Map.entry(EpollChannelOption.TCP_KEEPCNT, new Place(IPPROTO_TCP, TCP_KEEPCNT, Type.INT)),
            Map.entry(EpollChannelOption.TCP_QUICKACK, new Place(IPPROTO_TCP, TCP_QUICKACK, Type.FLAG)),
            Map.entry(EpollChannelOption.TCP_USER_TIMEOUT, new Place(IPPROTO_TCP, TCP_USER_TIMEOUT, Type.INT)),
            Map.entry(EpollChannelOption.TCP_NOTSENT_LOWAT, new Place(IPPROTO_TCP, TCP_NOTSENT_LOWAT, Type.LONG)),
            Map.entry(ChannelOption.TCP_FASTOPEN_CONNECT, new Place(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, Type.FLAG)),
            Map.entry(EpollChannelOption.IP_FREEBIND, new Place(IPPROTO_IP, IP_FREEBIND, Type.FLAG)),
            Map.entry(EpollChannelOption.IP_TRANSPARENT, new Place(IPPROTO_IP, IP_TRANSPARENT, Type.FLAG)),
            Map.entry(EpollChannelOption.SO_REUSEPORT, new Place(SOL_SOCKET, SO_REUSEPORT, Type.FLAG)),
            Map.entry(EpollChannelOption.SO_BUSY_POLL, new Place(SOL_SOCKET, SO_BUSY_POLL, Type.INT)));

    private enum Type {
        FLAG, INT, LONG
    }

    private record Place(int level, int name, Type type) {}

    private EpollOptions() {}

    static boolean has(ChannelOption<?> option) {
        return OPTIONS.containsKey(option);
    }

    private static Place of(ChannelOption<?> option) {
        return Objects.requireNonNull(OPTIONS.get(option));
    }

    static int level(ChannelOption<?> option) {
        return of(option).level;
    }

    static int name(ChannelOption<?> option) {
        return of(option).name;
    }

    /** Returns a value as the kernel takes it. */
    static int number(Object value) {
        return value instanceof Boolean flag ? flag ? 1 : 0 : ((Number) value).intValue();
    }

    /** Returns the kernel's value as the option has it. */
    static Object value(ChannelOption<?> option, int number) {
        return switch (of(option).type) {
            case FLAG -> number != 0;
            case INT -> number;
            case LONG -> number & 0xffff_ffffL; // unsigned, and by default its largest
        };
    }
}
