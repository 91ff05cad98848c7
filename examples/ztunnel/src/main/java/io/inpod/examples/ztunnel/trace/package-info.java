/** Traces of the pods' connections, exported as OpenTelemetry's; off unless an endpoint is configured. */
@NullMarked
package io.inpod.examples.ztunnel.trace;

import org.jspecify.annotations.NullMarked;
