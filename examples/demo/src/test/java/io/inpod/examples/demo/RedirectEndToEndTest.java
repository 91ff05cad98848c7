package io.inpod.examples.demo;

/** Today's rules: inbound connections are redirected to 15006. */
class RedirectEndToEndTest extends EndToEnd {
    RedirectEndToEndTest() {
        super("redirect", false);
    }
}
