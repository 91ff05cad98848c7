/** Tests of the Workload API's client against a server in the same process. */
@NullMarked
package io.inpod.hbone.spiffe;

import org.jspecify.annotations.NullMarked;
