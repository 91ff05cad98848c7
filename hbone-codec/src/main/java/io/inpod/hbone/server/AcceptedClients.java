package io.inpod.hbone.server;

import io.inpod.hbone.identity.SpiffeId;
import java.util.Set;

/**
 * Which clients a server accepts: those of certain trust domains. What a client may reach is decided later, for each request.
 *
 * @param trustDomains the names of the trust domains, at least one
 * @param anyPath whether a client's SPIFFE ID may have any path; otherwise it must have Istio's form
 *     {@code /ns/namespace/sa/service-account}
 */
public record AcceptedClients(Set<String> trustDomains, boolean anyPath) {
    /**
     * Checks and copies the names.
     *
     * @param trustDomains see {@link #trustDomains()}
     * @param anyPath see {@link #anyPath()}
     * @throws IllegalArgumentException if there is no name, which never means "anyone", or one that isn't a trust domain's
     */
    public AcceptedClients {
        trustDomains = Set.copyOf(trustDomains);
        if (trustDomains.isEmpty()) {
            throw new IllegalArgumentException("trustDomains must name at least one: an empty set doesn't mean anyone");
        }
        trustDomains.forEach(name -> new SpiffeId(name, "/any")); // checks the name
    }

    /**
     * Returns the clients of some trust domains, with identities of Istio's form.
     *
     * @param trustDomains the names, at least one
     * @return these clients
     * @throws IllegalArgumentException as the constructor
     */
    public static AcceptedClients of(String... trustDomains) {
        return new AcceptedClients(Set.of(trustDomains), false);
    }

    /** {@return these clients, whatever the paths of their identities} */
    public AcceptedClients withAnyPath() {
        return new AcceptedClients(trustDomains, true);
    }
}
