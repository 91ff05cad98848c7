/**
 * What the mesh consists of: workloads, services with their endpoints, and policies. {@code Mesh} is one immutable state of it, with its
 * indexes; {@code MeshState} is the state that counts now. Nothing here decides: see {@code route} and {@code policy}.
 */
@NullMarked
package io.inpod.examples.ztunnel.mesh;

import org.jspecify.annotations.NullMarked;
