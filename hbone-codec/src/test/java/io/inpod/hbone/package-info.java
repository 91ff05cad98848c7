/** Tests over real loopback sockets. */
@NullMarked
package io.inpod.hbone;

import org.jspecify.annotations.NullMarked;
