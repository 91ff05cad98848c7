package io.inpod.examples.demo;

/** The older rules: inbound connections are handed to 15006 and 15008 by TPROXY. */
class TproxyEndToEndTest extends EndToEnd {
    TproxyEndToEndTest() {
        super("tproxy", false);
    }
}
