/** The application as a module: these names are what it depends on besides the coordinates. */
module com.example.consumer {
    requires io.inpod.hbone;
    requires io.inpod.iptables;
    requires io.inpod.netns;
    requires io.inpod.tproxy;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
}
