package io.inpod.examples.demo;

/** The tests with the profile {@code tproxy}. */
class TproxyFailClosedTest extends FailClosed {
    TproxyFailClosedTest() {
        super("tproxy");
    }
}
