package io.inpod.examples.nodeagent.plugin;

import java.io.IOException;

/** A call of the plugin must fail; the runtime shows this error to people, and tries again. */
final class RefusedException extends IOException {
    /** Codes of the CNI specification, and one of this plugin's own: a pod is not what CHECK expects. */
    static final int ENVIRONMENT = 4;

    static final int UNREADABLE = 6;
    static final int TRY_AGAIN = 11;
    static final int NOT_ENROLLED = 100;

    private static final long serialVersionUID = 1;

    private final int code;
    private final String details;

    /** The message is for everybody; the details, which may be empty, say why and what can be done. */
    RefusedException(int code, String message, String details) {
        super(message);
        this.code = code;
        this.details = details;
    }

    int code() {
        return code;
    }

    String details() {
        return details;
    }
}
