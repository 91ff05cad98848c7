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

    /**
     * Returns what a capacity or a weight counts: as much as a number of the control plane can be, so that sums don't overflow.
     *
     * @param capacity 0 or more
     * @return the same, at most 2³²-1
     */
    public static long share(long capacity) {
        return Math.min(capacity, 0xffff_ffffL);
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
        NETWORK;

        /**
         * Returns a workload's own value.
         *
         * @param workload the workload
         * @return the value, which it has in common with others for which it is equal
         */
        public String of(Workload workload) {
            return switch (this) {
                case REGION -> workload.locality().region();
                case ZONE -> workload.locality().zone();
                case SUBZONE -> workload.locality().subzone();
                case NODE -> workload.node();
                case CLUSTER -> workload.telemetry().clusterId();
                case NETWORK -> workload.network();
            };
        }
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
