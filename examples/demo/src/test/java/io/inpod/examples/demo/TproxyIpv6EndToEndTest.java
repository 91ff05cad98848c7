package io.inpod.examples.demo;

/** The same over IPv6, in pods that have addresses of both families. */
class TproxyIpv6EndToEndTest extends EndToEnd {
    TproxyIpv6EndToEndTest() {
        super("tproxy", true);
    }
}
