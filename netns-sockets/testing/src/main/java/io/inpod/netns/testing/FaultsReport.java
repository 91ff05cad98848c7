package io.inpod.netns.testing;

/** Goes with the failure of a test that had faults between pods: which, and with which seed they can be repeated. */
final class FaultsReport extends Exception {
    private static final long serialVersionUID = 1;

    FaultsReport(String message) {
        super(message, null, false, false);
    }
}
