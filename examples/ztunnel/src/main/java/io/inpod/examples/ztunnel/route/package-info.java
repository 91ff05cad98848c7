/**
 * Where a connection goes, decided from one state of the mesh. Pure functions, without sockets: the data path acts upon what they return,
 * and {@code explain} prints it, so the two can't differ.
 */
@NullMarked
package io.inpod.examples.ztunnel.route;

import org.jspecify.annotations.NullMarked;
