package io.inpod.netns.testing;

/** Brings the output of processes in pods into the report of a failed test, wherever that is shown. */
final class PodOutput extends Exception {
    private static final long serialVersionUID = 1;

    PodOutput(String words) {
        super(words, null, false, false);
    }
}
