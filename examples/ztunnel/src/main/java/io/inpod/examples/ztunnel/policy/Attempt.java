package io.inpod.examples.ztunnel.policy;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a policy may look at in a connection.
 *
 * @param source the client's address
 * @param identity the client's identity, or null if it isn't authenticated
 * @param destination the app's address and port
 */
public record Attempt(InetAddress source, @Nullable SpiffeId identity, InetSocketAddress destination) {}
