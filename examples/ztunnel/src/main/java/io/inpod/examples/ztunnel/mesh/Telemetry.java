package io.inpod.examples.ztunnel.mesh;

/**
 * How a workload is described in metrics, in logs and to peers. No decision depends on it, except that endpoints may be preferred by their
 * cluster.
 *
 * @param workloadType deployment, cronjob, pod or job
 * @param workloadName the name of that deployment, cronjob, pod or job
 * @param canonicalName its service's name
 * @param canonicalRevision its service's version
 * @param clusterId the cluster in which it runs
 */
public record Telemetry(String workloadType, String workloadName, String canonicalName, String canonicalRevision, String clusterId) {
    /** Of a deployment without names. */
    public static final Telemetry NONE = new Telemetry("deployment", "", "", "", "");
}
