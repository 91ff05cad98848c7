/**
 * The proxy's configuration: the settings from its environment ({@code ProxyConfig}), and the mesh ({@code Mesh}) from a local file ({@code
 * MeshFile}).
 */
@NullMarked
package io.inpod.examples.ztunnel.config;

import org.jspecify.annotations.NullMarked;
