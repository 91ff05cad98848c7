/** Tests of the metrics and spans. */
@NullMarked
package io.inpod.hbone.opentelemetry;

import org.jspecify.annotations.NullMarked;
