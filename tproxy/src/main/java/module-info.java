/** Transparent proxying: original destination, spoofed sources, policy routing, relay. */
module io.inpod.tproxy {
    exports io.inpod.tproxy;
    exports io.inpod.tproxy.listen;
    exports io.inpod.tproxy.relay;
    exports io.inpod.tproxy.share;
    exports io.inpod.tproxy.udp;
    exports io.inpod.tproxy.upstream;

    requires transitive io.inpod.netns;
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.handler;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires static transitive org.jspecify;
}
