/** Tests of TLS contexts. */
@NullMarked
package io.inpod.hbone.internal.tls;

import org.jspecify.annotations.NullMarked;
