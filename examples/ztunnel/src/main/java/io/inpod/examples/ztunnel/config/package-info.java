/** The proxy's settings, from its environment ({@code ProxyConfig}). */
@NullMarked
package io.inpod.examples.ztunnel.config;

import org.jspecify.annotations.NullMarked;
