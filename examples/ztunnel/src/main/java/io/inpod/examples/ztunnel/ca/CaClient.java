package io.inpod.examples.ztunnel.ca;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.inpod.examples.istio.CertificateApi.IstioCertificateRequest;
import io.inpod.examples.istio.CertificateApi.IstioCertificateResponse;
import io.inpod.examples.istio.IstioMethods;
import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.examples.ztunnel.istiod.CallHeaders;
import io.inpod.examples.ztunnel.istiod.TokenNote;
import io.inpod.hbone.identity.CertificateFetcher;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Asks the CA for certificates, as a node proxy that may act for the pods on its node. */
final class CaClient implements CertificateFetcher.Fetch {
    private final CaConfig config;
    private final CaChannel channel;
    private final Executor worker;
    private final Duration deadline;

    /**
     * Creates a client.
     *
     * @param worker makes keys, reads the token, and checks answers
     * @param deadline how long a request may take
     */
    CaClient(CaConfig config, CaChannel channel, Executor worker, Duration deadline) {
        this.config = config;
        this.channel = channel;
        this.worker = worker;
        this.deadline = deadline;
    }

    @Override
    public CompletionStage<WorkloadCertificate> fetch(SpiffeId identity) {
        CompletableFuture<WorkloadCertificate> result = new CompletableFuture<>();
        worker.execute(() -> {
            try {
                ask(identity, SigningRequest.create(identity), result);
            } catch (IOException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private void ask(SpiffeId identity, SigningRequest request, CompletableFuture<WorkloadCertificate> result) throws IOException {
        Metadata headers = CallHeaders.of(config.server(), config.clusterId());
        ManagedChannel ca = channel.current();
        ca.resetConnectBackoff(); // the delays are the fetcher's
        ClientCall<IstioCertificateRequest, IstioCertificateResponse> call = ca.newCall(IstioMethods.CREATE_CERTIFICATE,
                CallOptions.DEFAULT.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS));
        call.start(new Answer(answer -> answered(answer, identity, request, result), status -> {
            if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
                ca.enterIdle(); // the connection may be dead without our knowing
            }
            result.completeExceptionally(new IOException(config.server() + " " + words(status, headers)));
        }), headers);
        call.request(1);
        call.sendMessage(IstioCertificateRequest.newBuilder().setCsr(request.pem()).setValidityDuration(config.lifetime().toSeconds())
                .setMetadata(Struct.newBuilder().putFields("ImpersonatedIdentity",
                        Value.newBuilder().setStringValue(identity.toString()).build()))
                .build());
        call.halfClose();
    }

    private void answered(List<String> answer, SpiffeId identity, SigningRequest request, CompletableFuture<WorkloadCertificate> result) {
        worker.execute(() -> {
            try {
                result.complete(IssuedChain.parse(answer).checked(identity, request));
            } catch (IOException | RuntimeException e) {
                result.completeExceptionally(new IOException(config.server() + " has sent one that can't be used: " + e.getMessage(), e));
            }
        });
    }

    private String words(Status status, Metadata headers) {
        StringBuilder words = new StringBuilder("answers with ").append(status.getCode());
        if (status.getDescription() != null) {
            words.append(": ").append(printable(status.getDescription()));
        }
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            words.append("; ").append(printable(cause.toString()));
        }
        if (config.server().socket() == null) {
            words.append(TokenNote.of(headers, status, Instant.now()));
        }
        return words.toString();
    }

    private static String printable(String text) {
        return (text.length() > 500 ? text.substring(0, 500) + "..." : text).replaceAll("[^\\x20-\\x7e]", "?");
    }
}
