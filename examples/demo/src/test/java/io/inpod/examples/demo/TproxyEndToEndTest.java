package io.inpod.examples.demo;

/** The older profile: TPROXY diverts inbound connections to 15006 and 15008. */
class TproxyEndToEndTest extends EndToEnd {
    TproxyEndToEndTest() {
        super("tproxy", false);
    }
}
