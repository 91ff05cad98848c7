package io.inpod.examples.demo;

/** The same over IPv6, in pods that have addresses of both families. */
class RedirectIpv6EndToEndTest extends EndToEnd {
    RedirectIpv6EndToEndTest() {
        super("redirect", true);
    }
}
