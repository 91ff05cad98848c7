/** What the proxy does now, as a page for people. */
@NullMarked
package io.inpod.examples.ztunnel.dashboard;

import org.jspecify.annotations.NullMarked;
