/** Sockets in other network namespaces, file descriptors over unix sockets, and netlink. */
module io.inpod.netns {
    exports io.inpod.netlink;
    exports io.inpod.netlink.conntrack;
    exports io.inpod.netlink.diag;
    exports io.inpod.netlink.qdisc;
    exports io.inpod.netns;
    exports io.inpod.netns.bpf;
    exports io.inpod.netns.dns;
    exports io.inpod.netns.doctor;
    exports io.inpod.netns.error;
    exports io.inpod.netns.socket;
    exports io.inpod.netns.tcp;
    exports io.inpod.netns.unix;
    exports io.inpod.netns.watch;

    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires transitive io.netty.buffer;
    requires transitive io.netty.resolver;
    requires transitive io.netty.transport.classes.epoll;
    requires static io.netty.resolver.dns;
    requires static io.netty.transport.classes.io_uring;
    requires transitive io.netty.transport.unix.common;
    requires static transitive org.jspecify;
    requires static java.management;
    requires static jdk.jfr;
    requires static org.jnrproject.jffi; // before Java 22 only: jlink refuses automatic modules
}
