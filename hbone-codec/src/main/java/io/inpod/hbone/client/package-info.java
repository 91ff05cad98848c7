/**
 * The connecting side of HBONE: {@link io.inpod.hbone.client.HboneClient} for a group of event loops, and the pool on each loop,
 * {@link io.inpod.hbone.client.HbonePool}. This package starts no thread; everything runs on the event loops that the caller provides.
 */
@NullMarked
package io.inpod.hbone.client;

import org.jspecify.annotations.NullMarked;
