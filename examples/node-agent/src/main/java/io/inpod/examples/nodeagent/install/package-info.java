/**
 * Installs the CNI plugin on a node: its program, and its entry in the network configuration that the container runtime reads. What others
 * wrote there stays byte for byte.
 */
@NullMarked
package io.inpod.examples.nodeagent.install;

import org.jspecify.annotations.NullMarked;
