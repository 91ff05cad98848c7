package io.inpod.iptables.backend;

/**
 * Whether a back end can be used.
 *
 * @param usable whether it can be used
 * @param reason why, or why not and what a person can do, in words
 */
public record Usability(boolean usable, String reason) {
    /**
     * Returns that it can be used.
     *
     * @param reason why
     * @return the answer
     */
    public static Usability yes(String reason) {
        return new Usability(true, reason);
    }

    /**
     * Returns that it can't be used.
     *
     * @param reason why not, and what a person can do
     * @return the answer
     */
    public static Usability no(String reason) {
        return new Usability(false, reason);
    }
}
