package io.inpod.tproxy.relay;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The result of a {@link Relay}.
 *
 * @param bytesUpstream the number of bytes read from the downstream channel and passed to the upstream one
 * @param bytesDownstream the number of bytes read from the upstream channel and passed to the downstream one
 * @param duration the time from the start until both channels were closed
 * @param error the error that ended the relay, or null if both directions ended regularly. A
 *     {@link java.util.concurrent.TimeoutException} for the timeouts of {@link RelayOptions}, a
 *     {@link java.util.concurrent.CancellationException} for {@link Relay#abort()}
 * @param failedSide the side whose channel caused the error, or null if neither did
 * @param lastError the error of the other side if that was known to have failed too by then, otherwise the same as {@code error}
 * @param lastFailedSide the side whose channel caused the last error, or null if neither did
 */
public record RelayResult(
        long bytesUpstream,
        long bytesDownstream,
        Duration duration,
        @Nullable Throwable error,
        @Nullable RelaySide failedSide,
        @Nullable Throwable lastError,
        @Nullable RelaySide lastFailedSide) {
    /** {@return whether both directions ended regularly and everything that was read was written} */
    public boolean isComplete() {
        return error == null;
    }
}
