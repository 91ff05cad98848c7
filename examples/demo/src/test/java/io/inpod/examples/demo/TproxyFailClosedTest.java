package io.inpod.examples.demo;

/** With the profile of that name. */
class TproxyFailClosedTest extends FailClosed {
    TproxyFailClosedTest() {
        super("tproxy");
    }
}
