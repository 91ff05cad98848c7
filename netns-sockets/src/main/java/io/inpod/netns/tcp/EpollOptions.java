package io.inpod.netns.tcp;

import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.util.Map;
import java.util.Objects;

/** Netty's options of TCP connections on epoll that are numbers for the kernel, with theirs in {@code linux/tcp.h}. */
final class EpollOptions {
    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_IP = 0;
    private static final int IPPROTO_TCP = 6;

    private static final Map<ChannelOption<?>, Place> OPTIONS = Map.ofEntries(
            Map.entry(EpollChannelOption.TCP_CORK, new Place(IPPROTO_TCP, 3, Type.FLAG)),
            Map.entry(EpollChannelOption.TCP_KEEPIDLE, new Place(IPPROTO_TCP, 4, Type.INT)),
            Map.entry(EpollChannelOption.TCP_KEEPINTVL, new Place(IPPROTO_TCP, 5, Type.INT)),
            Map.entry(EpollChannelOption.TCP_KEEPCNT, new Place(IPPROTO_TCP, 6, Type.INT)),
            Map.entry(EpollChannelOption.TCP_QUICKACK, new Place(IPPROTO_TCP, 12, Type.FLAG)),
            Map.entry(EpollChannelOption.TCP_USER_TIMEOUT, new Place(IPPROTO_TCP, 18, Type.INT)),
            Map.entry(EpollChannelOption.TCP_NOTSENT_LOWAT, new Place(IPPROTO_TCP, 25, Type.LONG)),
            Map.entry(ChannelOption.TCP_FASTOPEN_CONNECT, new Place(IPPROTO_TCP, 30, Type.FLAG)),
            Map.entry(EpollChannelOption.IP_FREEBIND, new Place(IPPROTO_IP, 15, Type.FLAG)),
            Map.entry(EpollChannelOption.IP_TRANSPARENT, new Place(IPPROTO_IP, 19, Type.FLAG)),
            Map.entry(EpollChannelOption.SO_REUSEPORT, new Place(SOL_SOCKET, 15, Type.FLAG)),
            Map.entry(EpollChannelOption.SO_BUSY_POLL, new Place(SOL_SOCKET, 46, Type.INT)));

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
