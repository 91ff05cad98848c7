/** The port at which an operator looks into the running proxy, and what is behind its paths. */
@NullMarked
package io.inpod.examples.ztunnel.admin;

import org.jspecify.annotations.NullMarked;
