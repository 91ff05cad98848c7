package io.inpod.tproxy.udp;

import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import java.nio.ByteBuffer;

/**
 * A datagram on its way through a proxy.
 *
 * @param client the client that sent it
 * @param destination the address to which the client sent it
 * @param data its content, read-only; the receiver may change the position and limit
 */
public record TransparentDatagram(ClientAddress client, DestinationAddress destination, ByteBuffer data) {}
