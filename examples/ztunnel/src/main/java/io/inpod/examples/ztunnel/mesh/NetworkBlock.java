package io.inpod.examples.ztunnel.mesh;

/**
 * A block of IP addresses in one of the mesh's networks.
 *
 * @param network the network's name
 * @param block the addresses
 */
public record NetworkBlock(String network, AddressBlock block) {
    /** {@return the form in which it is shown, such as {@code network/10.0.0.0/8}} */
    @Override
    public String toString() {
        return network + "/" + block;
    }
}
