/** Common uses of sockets in other network namespaces, one short file each. */
@NullMarked
package io.inpod.examples.recipes;

import org.jspecify.annotations.NullMarked;
