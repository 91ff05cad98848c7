package io.inpod.iptables.backend;

/**
 * Whether a back end can be used.
 *
 * @param usable whether it can
 * @param reason why, or why not and what a person can do, in words
 */
public record Usability(boolean usable, String reason) {
    /**
     * It can.
     *
     * @param reason why
     * @return the verdict
     */
    public static Usability yes(String reason) {
        return new Usability(true, reason);
    }

    /**
     * It can't.
     *
     * @param reason why not, and what a person can do
     * @return the verdict
     */
    public static Usability no(String reason) {
        return new Usability(false, reason);
    }
}
