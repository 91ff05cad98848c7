package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * An attempt in the terms of policies. Null is what isn't known: everything about a client that isn't authenticated, and namespace and
 * account of one whose identity hasn't Istio's form.
 */
record Facts(
        @Nullable String principal,
        @Nullable String namespace,
        @Nullable AccountMatch account,
        InetAddress source,
        InetAddress destination,
        Integer port) {
    static Facts of(Attempt attempt) {
        SpiffeId id = attempt.identity();
        InetAddress destination = attempt.destination().getAddress();
        Integer port = attempt.destination().getPort();
        if (id == null) {
            return new Facts(null, null, null, attempt.source(), destination, port);
        }
        String principal = id.trustDomain() + id.path();
        if (!id.isIstio()) {
            return new Facts(principal, null, null, attempt.source(), destination, port);
        }
        String namespace = id.namespace();
        return new Facts(principal, namespace, new AccountMatch(namespace, id.serviceAccount()), attempt.source(), destination, port);
    }
}
