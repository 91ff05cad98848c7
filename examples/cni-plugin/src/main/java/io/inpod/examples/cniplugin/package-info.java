/**
 * The CNI plugin: a static program, compiled from C when this module is built, which asks the node agent about each pod. It is a resource
 * of this module, from which the agent installs it.
 */
@NullMarked
package io.inpod.examples.cniplugin;

import org.jspecify.annotations.NullMarked;
