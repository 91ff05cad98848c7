/** Tests of one connection, fed with bytes. */
@NullMarked
package io.inpod.hbone.internal.connection;

import org.jspecify.annotations.NullMarked;
