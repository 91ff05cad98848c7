/** What the proxy is told: its environment, and the mesh from a local file. */
@NullMarked
package io.inpod.examples.ztunnel.config;

import org.jspecify.annotations.NullMarked;
