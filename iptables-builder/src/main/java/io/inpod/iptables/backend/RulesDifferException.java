package io.inpod.iptables.backend;

import java.io.IOException;
import java.util.List;

/** Thrown if the rules in a namespace are not as they should be. */
public class RulesDifferException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The differences; an array, because not every list can be serialized. */
    private final String[] differences;

    /**
     * Creates the exception.
     *
     * @param namespace a description of the namespace
     * @param differences what is missing, foreign or different, in words, at least one
     */
    public RulesDifferException(String namespace, List<String> differences) {
        super("the rules in " + namespace + " are not as installed: " + String.join("; ", differences));
        this.differences = differences.toArray(String[]::new);
    }

    /** {@return what is missing, foreign or different, in words} */
    public List<String> differences() {
        return List.of(differences);
    }
}
