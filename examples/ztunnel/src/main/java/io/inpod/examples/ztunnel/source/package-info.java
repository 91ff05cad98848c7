/**
 * Where the state of the mesh comes from: a {@code MeshSource} replaces the {@code MeshState}. The local file ({@code FileSource}) is
 * strict: what it doesn't know is an error, and the last good state stays in force.
 */
@NullMarked
package io.inpod.examples.ztunnel.source;

import org.jspecify.annotations.NullMarked;
