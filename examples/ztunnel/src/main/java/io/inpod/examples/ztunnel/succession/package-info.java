/** Listeners pass from one ztunnel process to the next: as descriptors, so that no port is ever shared with foreign processes. */
@NullMarked
package io.inpod.examples.ztunnel.succession;

import org.jspecify.annotations.NullMarked;
