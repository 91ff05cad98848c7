/**
 * The accepting side of HBONE. This package starts no thread; everything runs on the event loops of the channels that the caller accepts.
 */
@NullMarked
package io.inpod.hbone.server;

import org.jspecify.annotations.NullMarked;
