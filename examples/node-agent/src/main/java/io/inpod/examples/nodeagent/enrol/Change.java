package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;

/** Changes what a source says of a pod. */
@FunctionalInterface
public interface Change {
    /**
     * Makes the change; the source says so when this returns.
     *
     * @throws IOException if it can't be made
     */
    void run() throws IOException;
}
