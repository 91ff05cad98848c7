/** Tests of the pool with scripted peers, without TLS. */
@NullMarked
package io.inpod.hbone.client;

import org.jspecify.annotations.NullMarked;
