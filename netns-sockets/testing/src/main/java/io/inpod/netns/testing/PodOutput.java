package io.inpod.netns.testing;

/** Brings the output of processes in pods into the report of a failed test, wherever that is shown. */
final class PodOutput extends Exception {
    private static final long serialVersionUID = 1;

    PodOutput(String report) {
        super("the processes in pods:\n" + report, null, false, false);
    }

    @Override
    public String toString() {
        return getMessage(); // without the name of this class
    }
}
