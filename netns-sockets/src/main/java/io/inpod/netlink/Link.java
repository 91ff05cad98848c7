package io.inpod.netlink;

/**
 * A network interface.
 *
 * @param index its number in its namespace, at least 1
 * @param name its name, at most 15 bytes
 * @param up whether it is administratively up
 * @param mtu the largest packet it carries, in bytes
 */
public record Link(int index, String name, boolean up, int mtu) {}
