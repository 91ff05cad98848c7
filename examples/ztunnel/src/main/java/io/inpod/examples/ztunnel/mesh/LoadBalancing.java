package io.inpod.examples.ztunnel.mesh;

import java.util.List;

/**
 * How an endpoint of a service is chosen.
 *
 * @param preferences what an endpoint should have in common with the client, the most important first
 * @param mode what the preferences mean
 * @param unhealthyToo whether endpoints that aren't healthy are chosen as well
 */
public record LoadBalancing(List<Scope> preferences, Mode mode, boolean unhealthyToo) {
    /** Any healthy endpoint. */
    public static final LoadBalancing ANY = new LoadBalancing(List.of(), Mode.STANDARD, false);

    /** Copies the list. */
    public LoadBalancing {
        preferences = List.copyOf(preferences);
    }

    /** What an endpoint may have in common with the client. */
    public enum Scope {
        /** Its region. */
        REGION,
        /** Its zone. */
        ZONE,
        /** Its part of the zone. */
        SUBZONE,
        /** Its node. */
        NODE,
        /** Its cluster. */
        CLUSTER,
        /** Its network. */
        NETWORK
    }

    /** What the preferences mean. */
    public enum Mode {
        /** Nothing: all endpoints are alike. */
        STANDARD,
        /** Only endpoints that have all of it in common are chosen. */
        STRICT,
        /** Those with the most in common are chosen, others if there are none. */
        FAILOVER,
        /** The connection goes to the address that the client asked for. */
        PASSTHROUGH
    }
}
