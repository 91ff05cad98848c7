package io.inpod.tproxy.udp;

import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import java.nio.ByteBuffer;

/**
 * A datagram on its way through a proxy.
 *
 * @param client who sent it
 * @param destination where the client sent it to
 * @param data what is in it, read-only; its position and limit belong to the receiver
 */
public record TransparentDatagram(ClientAddress client, DestinationAddress destination, ByteBuffer data) {}
