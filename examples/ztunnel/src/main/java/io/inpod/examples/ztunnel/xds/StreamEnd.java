package io.inpod.examples.ztunnel.xds;

import io.grpc.Status;

/** What a stream's end means, and how it is called in the log. */
final class StreamEnd {
    private StreamEnd() {}

    /** Whether the server has ended the connection in an orderly way, as istiod does every half hour. */
    static boolean isRegular(Status why) {
        return why.getCode() == Status.Code.UNAVAILABLE && why.getDescription() != null
                && why.getDescription().contains("HTTP/2 error code: NO_ERROR");
    }

    /** Whether a response was too long; a busy istiod has the same code. */
    static boolean isTooLong(Status why) {
        return why.getCode() == Status.Code.RESOURCE_EXHAUSTED && why.getDescription() != null
                && why.getDescription().contains("exceeds maximum size");
    }

    static String words(Status status) {
        StringBuilder words = new StringBuilder(status.getCode().toString());
        if (status.getDescription() != null) {
            words.append(": ").append(status.getDescription());
        }
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause != null && cause.getMessage() != null) {
            words.append(" (").append(cause.getMessage()).append(')');
        }
        return words.toString().replaceAll("\\s+", " ");
    }
}
