package io.inpod.examples.demo;

/** The demo didn't show what it promises; the message says what. */
final class DemoFailure extends Exception {
    private static final long serialVersionUID = 1L;

    DemoFailure(String message) {
        super(message);
    }
}
