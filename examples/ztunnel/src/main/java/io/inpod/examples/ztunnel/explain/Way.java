package io.inpod.examples.ztunnel.explain;

import java.util.List;

/**
 * One way that a connection may take, to one of the endpoints among which the proxy chooses.
 *
 * @param steps how the proxy decides, in order
 * @param carried whether data would be carried
 * @param result where to and how, or why not
 */
public record Way(List<String> steps, boolean carried, String result) {
    /** Copies the list. */
    public Way {
        steps = List.copyOf(steps);
    }
}
