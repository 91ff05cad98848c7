/** The commands to a running agent: a socket for local clients, and the messages on it. */
@NullMarked
package io.inpod.examples.nodeagent.control;

import org.jspecify.annotations.NullMarked;
