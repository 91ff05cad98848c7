/** Tests of a single connection that is fed with bytes. */
@NullMarked
package io.inpod.hbone.internal.connection;

import org.jspecify.annotations.NullMarked;
