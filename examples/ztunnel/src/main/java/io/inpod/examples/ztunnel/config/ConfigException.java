package io.inpod.examples.ztunnel.config;

/** Thrown when the configuration can't be used. The message names the variable, or the file and the place in it. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception.
     *
     * @param message names the variable, or the file and the place in it
     */
    public ConfigException(String message) {
        super(message);
    }

    /**
     * Creates an exception.
     *
     * @param message names the variable, or the file and the place in it
     * @param cause why
     */
    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
