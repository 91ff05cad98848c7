/**
 * What a change of the mesh means for connections: those that wait because the mesh doesn't know their pod go on, and those that it no
 * longer allows are cut. That is decided on a thread of its own, and carried out on the connections' event loops in small portions.
 */
@NullMarked
package io.inpod.examples.ztunnel.live;

import org.jspecify.annotations.NullMarked;
