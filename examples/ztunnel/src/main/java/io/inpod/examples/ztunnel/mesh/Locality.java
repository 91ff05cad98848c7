package io.inpod.examples.ztunnel.mesh;

/**
 * Where a workload runs.
 *
 * @param region the region, or ""
 * @param zone the zone in the region, or ""
 * @param subzone the part of the zone, or ""
 */
public record Locality(String region, String zone, String subzone) {
    /** Nowhere in particular. */
    public static final Locality UNKNOWN = new Locality("", "", "");
}
