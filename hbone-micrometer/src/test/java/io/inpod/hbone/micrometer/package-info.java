/** Tests of the meters. */
@NullMarked
package io.inpod.hbone.micrometer;

import org.jspecify.annotations.NullMarked;
