package io.inpod.tproxy.relay;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Relay} went.
 *
 * @param bytesUpstream bytes read from the downstream channel and handed to the upstream one
 * @param bytesDownstream bytes read from the upstream channel and handed to the downstream one
 * @param duration from the start until both channels were closed
 * @param error what ended it early, or null if both directions came to their regular end. An
 *     {@link java.util.concurrent.TimeoutException} for the timeouts of {@link RelayOptions}, a
 *     {@link java.util.concurrent.CancellationException} for {@link Relay#abort()}
 * @param failedSide whose channel the error came from, or null if from neither
 * @param lastError what is known to have happened to the other side too by then, or else the same as {@code error}
 * @param lastFailedSide whose channel the last error came from, or null if from neither
 */
public record RelayResult(
        long bytesUpstream,
        long bytesDownstream,
        Duration duration,
        @Nullable Throwable error,
        @Nullable RelaySide failedSide,
        @Nullable Throwable lastError,
        @Nullable RelaySide lastFailedSide) {
    /** {@return whether both directions came to their regular end and everything read was written} */
    public boolean isComplete() {
        return error == null;
    }
}
