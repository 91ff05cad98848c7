package io.inpod.netns.selftest;

/**
 * How a check ended.
 *
 * @param check what was tried
 * @param outcome how it went
 * @param detail what was seen, or the reason
 */
record Result(String check, Outcome outcome, String detail) {
    /** How it went. */
    enum Outcome {
        OK("ok"),
        FAILED("FAILED"),
        /** Something that it builds upon had failed. */
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
