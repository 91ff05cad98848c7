/**
 * A node agent: enrols pods in the mesh by installing redirection in their network namespaces and handing the namespaces to a node proxy.
 * It receives its commands on a control socket.
 */
@NullMarked
package io.inpod.examples.nodeagent;

import org.jspecify.annotations.NullMarked;
