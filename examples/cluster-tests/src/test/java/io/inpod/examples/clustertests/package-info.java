/** The agent, the CNI plugin and the ztunnel on a node with a real container runtime, and with Kubernetes. */
@NullMarked
package io.inpod.examples.clustertests;

import org.jspecify.annotations.NullMarked;
