package io.inpod.iptables.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * How a set of ipset(8) was created, as far as it decides whether the set can hold addresses, blocks or ports with comments for good.
 *
 * @param type such as {@code hash:ip}
 * @param comments whether its elements have comments
 * @param expiring whether its elements vanish after a time
 * @param evicting whether a new element takes the place of another in a full set
 * @param masked whether it holds only a part of each address
 * @param room how many elements it can hold; of ports, how many there are in its range
 */
public record IpsetOptions(String type, boolean comments, boolean expiring, boolean evicting, boolean masked, long room) {
    private static final int PORTS = 65536;

    /** What to say of a set that holds exceptions from its blocks, see {@code nomatch} in ipset(8). */
    public static final String EXCEPTIONS = "has exceptions (nomatch)";

    /** What to say of a set that holds blocks within others. */
    public static final String OVERLAPS = "holds blocks within others";

    private static final String ADDRESSES = "hash:ip";
    private static final String PREFIXES = "hash:net";
    private static final String PORT_BITMAP = "bitmap:port";

    /** The room of our sets: more than a node ever has pods. Takes no memory until the elements exist. */
    public static final int ROOM = 1 << 20;

    /** Returns the options of a line of {@code ipset save}, which begins with {@code create NAME TYPE}. */
    public static IpsetOptions of(List<String> words) {
        boolean ports = words.get(2).equals(PORT_BITMAP);
        int room = words.indexOf(ports ? "range" : "maxelem");
        return new IpsetOptions(words.get(2), words.contains("comment"), words.contains("timeout"), words.contains("forceadd"),
                words.contains("netmask") || words.contains("bitmask"),
                room < 0 ? ROOM : ports ? ports(words.get(room + 1).split("-")) : Long.parseLong(words.get(room + 1)));
    }

    private static long ports(String[] range) {
        return ports(Integer.parseInt(range[0]), Integer.parseInt(range[range.length - 1]));
    }

    /** Returns the room of a set of ports. */
    public static long ports(int first, int last) {
        return last - first + 1L;
    }

    /** Whether it is a set of ports. */
    public boolean ofPorts() {
        return type.equals(PORT_BITMAP);
    }

    /** Whether it is a set of blocks. */
    public boolean ofPrefixes() {
        return type.equals(PREFIXES);
    }

    /** Whether the set can be swapped with one of ours of its type, see ipset(8): all other options change with the content. */
    public boolean canBeTakenOver() {
        return type.equals(ADDRESSES) || type.equals(PREFIXES) || ofPorts();
    }

    /** Returns in words what differs from our sets, to be put after the name; empty if the set is as good as one of ours. */
    public List<String> misfits() {
        if (!canBeTakenOver()) {
            return List.of("is of the type " + type + ", neither " + ADDRESSES + " nor " + PREFIXES + " nor " + PORT_BITMAP);
        }
        List<String> misfits = new ArrayList<>();
        add(misfits, !comments, "has no comments");
        add(misfits, expiring, "has a timeout, after which elements vanish");
        add(misfits, evicting, "has the option forceadd, by which elements vanish when it is full");
        add(misfits, masked, "holds only a part of each address");
        add(misfits, room < (ofPorts() ? PORTS : ROOM), "has room for " + room + (ofPorts() ? " ports only" : " elements only"));
        return misfits;
    }

    private static void add(List<String> misfits, boolean differs, String words) {
        if (differs) {
            misfits.add(words);
        }
    }

    /** The refusal of a set that can't be taken over, with the remedy. */
    public static String refusal(String set, List<String> misfits) {
        return "the set " + set + " " + String.join(", and ", misfits)
                + ", and can't be taken over: remove the rules that refer to it, and run"
                + " ipset destroy " + set;
    }
}
