/** Sockets in other network namespaces, file descriptors over unix sockets, and netlink. */
module io.inpod.netns {
    exports io.inpod.netlink;
    exports io.inpod.netns;
    exports io.inpod.netns.doctor;
    exports io.inpod.netns.error;
    exports io.inpod.netns.socket;
    exports io.inpod.netns.unix;

    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.buffer;
    requires transitive io.netty.transport.classes.epoll;
    requires static io.netty.transport.classes.io_uring;
    requires transitive io.netty.transport.unix.common;
    requires static transitive org.jspecify;
    requires static jdk.jfr;
    requires org.jnrproject.constants;
    requires org.jnrproject.ffi;

    /* At run time jnr-ffi implements LibC, in the unnamed module of a class loader of its own. For the compiler the package stays closed. */
    opens io.inpod.netns.internal;
}
