/** HBONE tunnels (HTTP/2 CONNECT over mutual TLS) as Netty channels. */
module io.inpod.hbone {
    exports io.inpod.hbone;
    exports io.inpod.hbone.client;
    exports io.inpod.hbone.identity;
    exports io.inpod.hbone.server;

    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.codec.http2;
    requires io.netty.handler;
    requires io.netty.tcnative.classes.openssl;
    requires jdk.jfr;
    requires static org.bouncycastle.pkix;
    requires static org.bouncycastle.provider;
    requires static transitive org.jspecify;
}
