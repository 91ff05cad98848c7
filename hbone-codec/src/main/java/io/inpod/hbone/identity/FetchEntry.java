package io.inpod.hbone.identity;

import io.inpod.hbone.identity.CertificateStatus.State;
import java.io.IOException;
import java.security.cert.CertificateException;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** What a {@link FetchQueue} knows of an identity; used under its lock. */
final class FetchEntry {
    final SpiffeId identity;
    /** The one that was fetched last, which may have expired. */
    @Nullable
    WorkloadCertificate certificate;
    Instant until = Instant.MAX;
    /** Of the last attempt. */
    @Nullable
    IOException failure;
    @Nullable
    CompletableFuture<WorkloadCertificate> waiter;
    @Nullable
    Future<?> alarm;
    int failures;
    int uses;
    int priority;
    long order;
    boolean queued;
    boolean fetching;
    /** Whether what is being fetched is to be fetched again. */
    boolean outdated;

    FetchEntry(SpiffeId identity) {
        this.identity = identity;
    }

    @Nullable
    WorkloadCertificate valid(Instant now) {
        return certificate != null && !now.isAfter(until) ? certificate : null;
    }

    /** Why there is no valid certificate, as a new exception, because it gets to many threads. */
    IOException unavailable() {
        String why = failure == null ? "its renewal hasn't ended yet" : String.valueOf(failure.getMessage());
        return certificate == null ? new IOException(why, failure)
                : new IOException("the certificate of " + identity + " has expired at " + until + ": " + why, failure);
    }

    CertificateStatus status(Instant now) {
        State state = valid(now) != null ? State.AVAILABLE
                : failure != null || certificate != null ? State.UNAVAILABLE : State.INITIALIZING;
        return new CertificateStatus(identity, certificate, failure, state);
    }

    /** Why the CA didn't return a certificate. */
    IOException failure(@Nullable Throwable problem) {
        Throwable cause = problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem;
        return new IOException("the certificate of " + identity + " can't be fetched: "
                + (cause == null ? "the CA returned none" : cause.getMessage() == null ? cause.toString() : cause.getMessage()), cause);
    }

    /** Why the one that the CA returned isn't used; null if it is. */
    @Nullable
    IOException wrong(WorkloadCertificate returned, Instant now) {
        try {
            SpiffeId actual = returned.identity();
            if (!actual.equals(identity)) {
                return new IOException("the CA was asked for a certificate of " + identity + " and returned one of " + actual);
            }
            Validity.of(returned).check(now, "the certificate of " + identity + " that the CA returned");
            return null;
        } catch (IOException e) {
            return e;
        } catch (CertificateException e) {
            return new IOException("the CA returned a bad certificate for " + identity + ": " + e.getMessage(), e);
        }
    }
}
