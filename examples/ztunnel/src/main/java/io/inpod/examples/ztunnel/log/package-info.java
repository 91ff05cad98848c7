/** The log: its levels, its lines as text or JSON, and the queue between those who log and the output. */
@NullMarked
package io.inpod.examples.ztunnel.log;

import org.jspecify.annotations.NullMarked;
