/**
 * A node agent: enrols pods in the mesh by installing redirection in their network namespaces and handing these to a node proxy.
 * Commands come over a control socket.
 */
@NullMarked
package io.inpod.examples.nodeagent;

import org.jspecify.annotations.NullMarked;
