package io.inpod.examples.demo;

/** The tests with the profile {@code redirect}. */
class RedirectFailClosedTest extends FailClosed {
    RedirectFailClosedTest() {
        super("redirect");
    }
}
