/** Metrics and spans of HBONE connections and tunnels for OpenTelemetry. */
module io.inpod.hbone.opentelemetry {
    exports io.inpod.hbone.opentelemetry;

    requires transitive io.inpod.hbone;
    requires transitive io.netty.transport;
    requires transitive io.opentelemetry.api;
    requires transitive io.opentelemetry.context;
    requires io.netty.codec.http2;
    requires io.netty.common;
    requires static transitive org.jspecify;
}
