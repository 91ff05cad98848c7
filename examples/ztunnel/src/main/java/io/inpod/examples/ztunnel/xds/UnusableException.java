package io.inpod.examples.ztunnel.xds;

/** Thrown for a resource, or a part of one, that can't be used. The message says why, without the resource's name. */
final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableException(String message) {
        super(message);
    }
}
