package io.inpod.hbone.spiffe;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** One call of FetchX509SVID, which stays open: the agent sends a response at once, and another whenever something changes. */
class SvidStream extends ClientCall.Listener<byte[]> {
    /** Shows that nobody has tricked this process into sending the request (SPIFFE Workload Endpoint, on server-side request forgery). */
    private static final Metadata.Key<String> SECURITY_HEADER = Metadata.Key.of("workload.spiffe.io", Metadata.ASCII_STRING_MARSHALLER);

    /** Messages as they are: the request has no fields, and the response is read where a failure can be reported. */
    private static final Marshaller<byte[]> BYTES = new Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    /** The service has no package. */
    static final MethodDescriptor<byte[], byte[]> METHOD = MethodDescriptor.newBuilder(BYTES, BYTES).setType(MethodType.SERVER_STREAMING)
            .setFullMethodName("SpiffeWorkloadAPI/FetchX509SVID").build();

    private final Receiver receiver;

    /** Receives responses until the stream has ended, once. */
    interface Receiver {
        void received(byte[] response);

        void ended(Status status);
    }

    private SvidStream(Receiver receiver) {
        this.receiver = receiver;
    }

    /** Starts the call, which ends with the channel. */
    static void start(ManagedChannel agent, Receiver receiver) {
        ClientCall<byte[], byte[]> call = agent.newCall(METHOD, CallOptions.DEFAULT);
        Metadata headers = new Metadata();
        headers.put(SECURITY_HEADER, "true");
        call.start(new SvidStream(receiver) {
            @Override
            public void onMessage(byte[] response) {
                super.onMessage(response);
                call.request(1);
            }
        }, headers);
        call.request(1);
        call.sendMessage(new byte[0]);
        call.halfClose();
    }

    @Override
    public void onMessage(byte[] response) {
        receiver.received(response);
    }

    @Override
    public void onClose(Status status, @Nullable Metadata trailers) {
        receiver.ended(status);
    }
}
