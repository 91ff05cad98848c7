package io.inpod.iptables.text;

import java.io.IOException;

/**
 * A listing of a set isn't whole: an address is in it twice, and so as many as are in it too often may be missing. The kernel lists a set
 * like that while its hash table grows, as after many addresses were added (nf_tables goes on in one table where it stopped in another);
 * a listing some milliseconds later is whole.
 */
public final class TornSetException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Names the set.
     *
     * @param set its name
     */
    public TornSetException(String set) {
        super("the set " + set + " was listed while its hash table grew: some addresses twice, others perhaps not at all; list it again");
    }
}
