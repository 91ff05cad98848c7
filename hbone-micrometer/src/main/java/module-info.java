/** Meters of HBONE connections and tunnels for Micrometer. */
module io.inpod.hbone.micrometer {
    exports io.inpod.hbone.micrometer;

    requires transitive io.inpod.hbone;
    requires transitive io.netty.transport;
    requires transitive micrometer.core;
    requires io.netty.codec.http2;
    requires io.netty.common;
    requires static transitive org.jspecify;
}
