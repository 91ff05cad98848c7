package io.inpod.iptables.text;

import java.io.IOException;

/**
 * Thrown if the listing of a set is incomplete: an address is listed twice, and for each such address another may be missing. The kernel
 * lists a set like that while its hash table grows, for example after many addresses were added (nf_tables continues in one hash table
 * where it stopped in another). A listing some milliseconds later is complete.
 */
public final class TornSetException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param set the name of the set
     */
    public TornSetException(String set) {
        super("the set " + set + " was listed while its hash table grew: some addresses twice, others perhaps not at all; list it again");
    }
}
