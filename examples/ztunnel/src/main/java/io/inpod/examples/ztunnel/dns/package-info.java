/**
 * The DNS proxy of a pod: answers for the names of the mesh ({@code MeshNames}, a pure function of one state of the mesh), and forwards
 * everything else to the node's name servers from sockets in the pod's namespace.
 */
@NullMarked
package io.inpod.examples.ztunnel.dns;

import org.jspecify.annotations.NullMarked;
