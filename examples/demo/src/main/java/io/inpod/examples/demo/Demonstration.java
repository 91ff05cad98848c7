package io.inpod.examples.demo;

import java.io.IOException;

/** One of the demos. Closing it ends all that it has started. */
interface Demonstration extends AutoCloseable {
    /** Tells the story. */
    void tell() throws IOException, InterruptedException, DemoFailure;

    /** Returns commands for looking inside from another terminal. */
    String waysIn() throws IOException;

    /** Returns the output of the processes, to be printed after a failure. */
    String logs() throws IOException, InterruptedException;

    @Override
    void close();
}
