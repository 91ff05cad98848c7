package io.inpod.examples.demo;

/** The current profile: inbound connections are redirected to 15006. */
class RedirectEndToEndTest extends EndToEnd {
    RedirectEndToEndTest() {
        super("redirect", false);
    }
}
