/** Certificates for HBONE from the SPIFFE Workload API. */
module io.inpod.hbone.spiffe {
    exports io.inpod.hbone.spiffe;

    requires transitive io.inpod.hbone;
    requires transitive io.netty.transport;
    requires com.google.protobuf;
    requires io.grpc;
    requires io.grpc.netty;
    requires io.netty.common;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires static transitive org.jspecify;
}
