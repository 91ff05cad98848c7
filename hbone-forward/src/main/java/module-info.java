/** Ports that lead through HBONE tunnels, and tunnels that lead to apps. */
module io.inpod.hbone.forward {
    exports io.inpod.hbone.forward;

    requires transitive io.inpod.hbone;
    requires transitive io.inpod.tproxy;
    requires transitive io.netty.transport;
    requires io.netty.common;
    requires static transitive org.jspecify;
}
