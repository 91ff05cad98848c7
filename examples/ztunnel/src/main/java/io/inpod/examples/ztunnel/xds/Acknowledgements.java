package io.inpod.examples.ztunnel.xds;

import io.grpc.Status;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.RpcApi;
import java.util.ArrayList;
import java.util.List;

/**
 * What a server is to be told about its responses. Of several responses of a type that are accepted together, only the last one is
 * acknowledged: that a nonce which isn't the latest comes back is nothing but an expired one to istiod, and tells no server more. Each
 * refusal is told. For one thread.
 */
final class Acknowledgements {
    private final List<DeltaDiscoveryRequest> waiting = new ArrayList<>();

    void accept(String typeUrl, String nonce) {
        waiting.removeIf(earlier -> earlier.getTypeUrl().equals(typeUrl) && !earlier.hasErrorDetail());
        waiting.add(request(typeUrl, nonce).build());
    }

    void refuse(String typeUrl, String nonce, String reason) {
        waiting.add(request(typeUrl, nonce).setErrorDetail(
                RpcApi.Status.newBuilder().setCode(Status.Code.INVALID_ARGUMENT.value()).setMessage(reason)).build());
    }

    private static DeltaDiscoveryRequest.Builder request(String typeUrl, String nonce) {
        return DeltaDiscoveryRequest.newBuilder().setTypeUrl(typeUrl).setResponseNonce(nonce);
    }

    /** Sends what waits, in the order of the responses. */
    void sendTo(XdsStream stream) {
        waiting.forEach(stream::send);
        waiting.clear();
    }

    /** Forgets what was for a stream that has ended. */
    void clear() {
        waiting.clear();
    }
}
