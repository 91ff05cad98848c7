/** The agent's socket for the CNI plugin: decides about each pod that the runtime starts, and enrols it before anything runs in it. */
@NullMarked
package io.inpod.examples.nodeagent.plugin;

import org.jspecify.annotations.NullMarked;
