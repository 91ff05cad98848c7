package io.inpod.examples.ztunnel.ca;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.inpod.examples.istio.CertificateApi.IstioCertificateResponse;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Receives the one answer to a request, or the reason why there is none. */
final class Answer extends ClientCall.Listener<IstioCertificateResponse> {
    private final Consumer<List<String>> succeeded;
    private final Consumer<Status> failed;
    private @Nullable IstioCertificateResponse answer;

    Answer(Consumer<List<String>> succeeded, Consumer<Status> failed) {
        this.succeeded = succeeded;
        this.failed = failed;
    }

    @Override
    public void onMessage(IstioCertificateResponse message) {
        answer = message;
    }

    @Override
    public void onClose(Status status, @Nullable Metadata trailers) {
        if (status.isOk() && answer != null) {
            succeeded.accept(answer.getCertChainList());
        } else {
            failed.accept(status.isOk() ? Status.INTERNAL.withDescription("no message") : status);
        }
    }
}
