package io.inpod.netns.selftest;

/**
 * The result of a check.
 *
 * @param check what was tried
 * @param outcome its outcome
 * @param detail what was observed, or why it failed
 */
record Result(String check, Outcome outcome, String detail) {
    /** The outcome of a check. */
    enum Outcome {
        OK("ok"),
        FAILED("FAILED"),
        /** Something that it depends on failed. */
        NOT_TRIED("not tried");

        private final String words;

        Outcome(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }
}
