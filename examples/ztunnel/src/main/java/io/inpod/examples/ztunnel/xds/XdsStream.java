package io.inpod.examples.ztunnel.xds;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.IstioMethods;
import io.inpod.examples.ztunnel.istiod.Reading;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One stream of the control plane, on a channel of its own. For the thread that gRPC calls back on. */
final class XdsStream extends ClientCall.Listener<DeltaDiscoveryResponse> {
    private final Receiver receiver;
    private final ManagedChannel channel;
    private final Reading reading;
    private final ClientCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
    private final AtomicLong bytes = new AtomicLong();
    private final Set<String> answered = new HashSet<>();
    private int requested;
    private int window;
    private boolean over;

    /** Receives what comes until the stream has ended, once. */
    interface Receiver {
        void received(XdsStream stream, DeltaDiscoveryResponse response);

        void ended(XdsStream stream, Status status);
    }

    /** Counts bytes as they come, because a long response is whole only after a while. */
    private final class Bytes extends ClientStreamTracer.Factory {
        @Override
        public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
            return new ClientStreamTracer() {
                @Override
                public void inboundWireSize(long count) {
                    bytes.addAndGet(count);
                }
            };
        }
    }

    XdsStream(ManagedChannel channel, Reading reading, Receiver receiver) {
        this.receiver = receiver;
        this.reading = reading;
        this.channel = channel;
        this.call = channel.newCall(IstioMethods.DELTA_AGGREGATED_RESOURCES, CallOptions.DEFAULT.withStreamTracerFactory(new Bytes()));
    }

    /** Starts it; it ends with its channel. */
    void start(Metadata headers) {
        call.start(this, headers);
        request(1);
    }

    /**
     * Lets responses come.
     *
     * @param most how many may wait until they are received
     * @return whether so many had come, so that others may wait at the server
     */
    boolean request(int most) {
        boolean isExhausted = requested == 0 && most == window;
        if (requested < most && !over) {
            call.request(most - requested);
            requested = most;
        }
        window = most;
        return isExhausted;
    }

    /** Lets what comes next gather for a while. */
    void pause(Duration time) {
        reading.pause(time);
    }

    /** Sends a request, unless it has ended. */
    void send(DeltaDiscoveryRequest request) {
        if (!over) {
            call.sendMessage(request);
        }
    }

    /** Ends it from this side; the receiver is told. */
    void end(String reason) {
        over = true;
        call.cancel(reason, null);
    }

    /** {@return whether it is the first response of this type; remembers it} */
    boolean isFirst(String typeUrl) {
        return answered.add(typeUrl);
    }

    /** {@return the types of which there was a response} */
    Set<String> answered() {
        return answered;
    }

    /** {@return how many bytes of responses have come} */
    long bytes() {
        return bytes.get();
    }

    @Override
    public void onMessage(DeltaDiscoveryResponse response) {
        requested--;
        receiver.received(this, response);
    }

    @Override
    public void onClose(Status status, @Nullable Metadata trailers) {
        over = true;
        channel.shutdownNow();
        receiver.ended(this, status);
    }
}
