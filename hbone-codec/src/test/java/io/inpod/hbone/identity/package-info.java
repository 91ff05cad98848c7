/** Tests of identities and of the sources of certificates. */
@NullMarked
package io.inpod.hbone.identity;

import org.jspecify.annotations.NullMarked;
