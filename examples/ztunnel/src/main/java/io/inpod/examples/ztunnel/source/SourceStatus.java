package io.inpod.examples.ztunnel.source;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a source does. Immutable.
 *
 * @param source where the mesh comes from: a path, or the name of a variable
 * @param version what tells the contents that count now from others, such as the beginning of their SHA-256 in hexadecimal
 * @param loadedAt since when they count, or null if nothing counts yet
 * @param error why what the source has now isn't used, or null if what it has counts
 * @param failedAt when that was first seen, or null
 * @param reloads how often other contents have come to count since the start
 * @param failures how many contents couldn't be used since the start
 */
public record SourceStatus(
        String source,
        String version,
        @Nullable Instant loadedAt,
        @Nullable String error,
        @Nullable Instant failedAt,
        long reloads,
        long failures) {
    SourceStatus loaded(String version, Instant now) {
        return new SourceStatus(source, version, now, null, null, reloads + 1, failures);
    }

    SourceStatus good() {
        return new SourceStatus(source, version, loadedAt, null, null, reloads, failures);
    }

    SourceStatus failed(String error, Instant now) {
        return new SourceStatus(source, version, loadedAt, error, now, reloads, failures + 1);
    }
}
