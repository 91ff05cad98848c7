package io.inpod.examples.demo;

/** With the profile of that name. */
class RedirectFailClosedTest extends FailClosed {
    RedirectFailClosedTest() {
        super("redirect");
    }
}
