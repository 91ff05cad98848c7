/** Meters of HBONE connections and tunnels for Micrometer: {@link io.inpod.hbone.micrometer.HboneMeters}. */
@NullMarked
package io.inpod.hbone.micrometer;

import org.jspecify.annotations.NullMarked;
