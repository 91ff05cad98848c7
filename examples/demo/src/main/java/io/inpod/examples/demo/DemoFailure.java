package io.inpod.examples.demo;

/** Thrown when the demo can't show what it claims. The message says what failed. */
final class DemoFailure extends Exception {
    private static final long serialVersionUID = 1L;

    DemoFailure(String message) {
        super(message);
    }
}
