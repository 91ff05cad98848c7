package io.inpod.iptables;

import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A named set of addresses, to which rules refer by {@link SetMatch}: a set of ipset(8), or of nf_tables.
 *
 * @param name 1 to 31 letters, digits and {@code _ . -}, starting with a letter or {@code _}
 * @param family the family of its addresses
 * @param type whether it holds single addresses or blocks
 * @param elements its elements, which don't overlap; sorted in ascending order
 * @param atRuntime whether elements come and go at run time, by {@link io.inpod.iptables.backend.Backend#update}. Applying rules then
 *     leaves those that the set holds, and comparing rules doesn't compare them
 */
public record AddressSet(String name, IpFamily family, Type type, List<Element> elements, boolean atRuntime)
        implements
            NamedSet {
    private static final Comparator<Element> ASCENDING =
            Comparator.comparing((Element element) -> element.address().getAddress(), Arrays::compareUnsigned)
                    .thenComparing(element -> element.prefix().length());

    /** What the elements of a set are. The kernel looks single addresses up faster. */
    public enum Type {
        /** Single addresses: {@code hash:ip} of ipset(8). */
        ADDRESSES,
        /** Blocks of any length but 0: {@code hash:net} of ipset(8), {@code flags interval} of nft(8). */
        PREFIXES;

        /**
         * Returns whether a block can be an element.
         *
         * @param prefix the block
         * @return whether a set of this type can hold it
         */
        public boolean holds(IpPrefix prefix) {
            return this == ADDRESSES ? isAddress(prefix) : prefix.length() > 0;
        }
    }

    /**
     * An address or a block of a set.
     *
     * @param prefix the block; of a single address, the one that contains it alone
     * @param comment a note about it, at most 127 bytes of UTF-8 without control characters or double quotes; may be empty
     */
    public record Element(IpPrefix prefix, String comment) implements NamedSet.Element {
        /**
         * Checks the comment.
         *
         * @param prefix the block
         * @param comment a note about it
         * @throws IllegalArgumentException if the comment is anything else
         */
        public Element {
            Names.text("element comment", comment, 127);
        }

        /**
         * Creates an element of a single address.
         *
         * @param address the address
         * @param comment a note about it
         * @throws IllegalArgumentException if the comment doesn't fit
         */
        public Element(InetAddress address, String comment) {
            this(IpPrefix.of(address), comment);
        }

        /**
         * Returns the elements that together contain the addresses of a range: ipset holds blocks only.
         *
         * @param range the range
         * @param comment a note about each element
         * @return as few elements as possible, for a set of the type {@link Type#PREFIXES}
         * @throws IllegalArgumentException if the comment doesn't fit
         */
        public static List<Element> of(AddressRange range, String comment) {
            List<IpPrefix> prefixes = range.prefixes();
            if (prefixes.get(0).length() == 0) { // which no set can hold
                prefixes = List.of(new IpPrefix(range.first(), 1), new IpPrefix(range.last(), 1));
            }
            return prefixes.stream().map(prefix -> new Element(prefix, comment)).toList();
        }

        /** {@return the address, or the first one of the block} */
        public InetAddress address() {
            return prefix.address();
        }

        @Override
        public String toString() {
            return text(prefix);
        }
    }

    /**
     * Checks the name and the elements, and sorts the elements.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param type see {@link #type()}
     * @param elements its elements
     * @param atRuntime see {@link #atRuntime()}
     * @throws IllegalArgumentException naming the part that does not fit, or if elements are given that are to come at run time
     */
    public AddressSet {
        Names.set(name);
        if (atRuntime && !elements.isEmpty()) {
            throw new IllegalArgumentException("set " + name + " gets its elements at run time, but " + elements.size() + " are given");
        }
        List<Element> sorted = new ArrayList<>(elements);
        sorted.sort(ASCENDING);
        for (int i = 0; i < sorted.size(); i++) {
            IpPrefix prefix = sorted.get(i).prefix();
            check(name, family, type, prefix);
            if (i > 0 && sorted.get(i - 1).prefix().contains(prefix.address())) {
                IpPrefix before = sorted.get(i - 1).prefix();
                throw new IllegalArgumentException("set " + name + " holds " + (before.equals(prefix) ? text(prefix) + " twice"
                        : text(prefix) + ", which is a part of its element " + text(before)));
            }
        }
        elements = List.copyOf(sorted);
    }

    /**
     * Creates a set with exactly these addresses.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param elements its elements
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public AddressSet(String name, IpFamily family, List<Element> elements) {
        this(name, family, Type.ADDRESSES, elements, false);
    }

    /**
     * Creates a set with exactly these elements.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param type see {@link #type()}
     * @param elements its elements
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public AddressSet(String name, IpFamily family, Type type, List<Element> elements) {
        this(name, family, type, elements, false);
    }

    /**
     * Creates a set whose addresses come and go at run time. It is created empty if a namespace has none of this name, family and type.
     *
     * @param name its name
     * @param family the family of its addresses
     * @return the set
     * @throws IllegalArgumentException if the name can't be one
     */
    public static AddressSet atRuntime(String name, IpFamily family) {
        return atRuntime(name, family, Type.ADDRESSES);
    }

    /**
     * Creates a set whose elements come and go at run time. It is created empty if a namespace has none of this name, family and type.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param type see {@link #type()}
     * @return the set
     * @throws IllegalArgumentException if the name can't be one
     */
    public static AddressSet atRuntime(String name, IpFamily family, Type type) {
        return new AddressSet(name, family, type, List.of(), true);
    }

    /**
     * Creates a set of addresses without comments.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param addresses its addresses, each once
     * @return the set
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static AddressSet of(String name, IpFamily family, InetAddress... addresses) {
        return new AddressSet(name, family, Arrays.stream(addresses).map(address -> new Element(address, "")).toList());
    }

    /**
     * Creates a set of blocks without comments.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param first a block
     * @param others more blocks, none of which overlaps with another
     * @return the set, of the type {@link Type#PREFIXES}
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static AddressSet of(String name, IpFamily family, IpPrefix first, IpPrefix... others) {
        List<Element> elements = new ArrayList<>(List.of(new Element(first, "")));
        Arrays.stream(others).forEach(prefix -> elements.add(new Element(prefix, "")));
        return new AddressSet(name, family, Type.PREFIXES, elements);
    }

    /**
     * Creates a set from elements that may overlap, as those of ipset can.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param type see {@link #type()}
     * @param elements the elements, each block once
     * @return the set with the same addresses: without the blocks that are a part of another one
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static AddressSet withoutOverlaps(String name, IpFamily family, Type type, Collection<Element> elements) {
        List<Element> sorted = new ArrayList<>(elements);
        sorted.sort(ASCENDING);
        List<Element> kept = new ArrayList<>(sorted.size());
        for (Element element : sorted) {
            IpPrefix last = kept.isEmpty() ? null : kept.get(kept.size() - 1).prefix();
            if (last == null || last.equals(element.prefix()) || !last.contains(element.address())) {
                kept.add(element);
            }
        }
        return new AddressSet(name, family, type, kept);
    }

    /**
     * Returns this set after a change.
     *
     * @param add the elements to add; one that is there already gets the new comment
     * @param remove the blocks to remove; those that are no elements have no effect
     * @return the changed set, with exactly its elements
     * @throws IllegalArgumentException naming an element that doesn't fit, or overlaps with another
     */
    public AddressSet with(Collection<Element> add, Collection<IpPrefix> remove) {
        Map<IpPrefix, Element> changed = new LinkedHashMap<>();
        elements.forEach(element -> changed.put(element.prefix(), element));
        remove.forEach(changed::remove);
        add.forEach(element -> changed.put(element.prefix(), element));
        return new AddressSet(name, family, type, List.copyOf(changed.values()));
    }

    @Override
    public FamilyScope families() {
        return FamilyScope.of(family);
    }

    @Override
    public AddressSet empty() {
        return new AddressSet(name, family, type, List.of());
    }

    /** Name, family and type must be the same. */
    @Override
    public boolean isLike(NamedSet other) {
        return other instanceof AddressSet set && name.equals(set.name) && family == set.family && type == set.type;
    }

    @Override
    public String ipsetType() {
        return type == Type.ADDRESSES ? "hash:ip" : "hash:net";
    }

    @Override
    public String content() {
        return family + (type == Type.ADDRESSES ? " addresses (hash:ip)" : " prefixes (hash:net, flags interval)");
    }

    private static void check(String name, IpFamily family, Type type, IpPrefix prefix) {
        if (prefix.family() != family) {
            throw new IllegalArgumentException("set " + name + " of " + family + " can't hold " + text(prefix));
        }
        if (!type.holds(prefix)) {
            throw new IllegalArgumentException("set " + name + " can't hold " + text(prefix) + (type == Type.PREFIXES
                    ? ": use its two halves, of length 1" : ": declare it as AddressSet.Type.PREFIXES"));
        }
    }

    private static boolean isAddress(IpPrefix prefix) {
        return prefix.length() == prefix.family().bits();
    }

    private static String text(IpPrefix prefix) {
        return isAddress(prefix) ? AddressText.of(prefix.address()) : prefix.toString();
    }
}
