/** Metrics and spans of HBONE connections and tunnels for OpenTelemetry: {@link io.inpod.hbone.opentelemetry.HboneTelemetry}. */
@NullMarked
package io.inpod.hbone.opentelemetry;

import org.jspecify.annotations.NullMarked;
