package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named set of TCP or UDP ports, to which rules refer by {@link PortSetMatch}: a set of the type {@code bitmap:port} of ipset(8), or of
 * {@code inet_service} with {@code flags interval} of nf_tables. It serves both families and both protocols; the rule says which.
 *
 * <p>Ports that touch and have the same comment are one element, however they were given or are listed. In ipset a set takes 512 KiB of the
 * kernel's memory, whatever it holds, and twice that while it is replaced.
 *
 * @param name 1 to 31 letters, digits and {@code _ . -}, starting with a letter or {@code _}
 * @param elements its elements, which don't overlap; sorted in ascending order, and joined where they touch and have the same comment
 * @param atRuntime whether elements come and go at run time, see {@link NamedSet#atRuntime}
 */
public record PortSet(String name, List<Element> elements, boolean atRuntime) implements NamedSet {
    private static final int PORTS = 65536;

    /**
     * Ports of a set.
     *
     * @param ports a port, 0 to 65535, or a range of ports
     * @param comment a note about them, at most 127 bytes of UTF-8 without control characters or double quotes; may be empty
     */
    public record Element(Ports ports, String comment) implements NamedSet.Element {
        /**
         * Checks the comment.
         *
         * @param ports the ports
         * @param comment a note about them
         * @throws IllegalArgumentException if the comment is anything else
         */
        public Element {
            Names.text("element comment", comment, 127);
        }

        @Override
        public String toString() {
            return ports.text('-');
        }
    }

    /**
     * Checks the name and the elements, sorts these, and joins those that touch and have the same comment.
     *
     * @param name its name
     * @param elements its elements
     * @param atRuntime see {@link #atRuntime()}
     * @throws IllegalArgumentException naming the part that does not fit, or if elements are given that are to come at run time
     */
    public PortSet {
        Names.set(name);
        if (atRuntime && !elements.isEmpty()) {
            throw new IllegalArgumentException("set " + name + " gets its elements at run time, but " + elements.size() + " are given");
        }
        List<Element> sorted = new ArrayList<>(elements);
        sorted.sort(Comparator.comparingInt(element -> element.ports().first()));
        List<Element> joined = new ArrayList<>(sorted.size());
        for (Element element : sorted) {
            Element last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (last != null && element.ports().first() <= last.ports().last()) {
                throw new IllegalArgumentException("set " + name + " holds " + (last.ports().equals(element.ports()) ? element + " twice"
                        : element + ", which overlaps with its element " + last));
            }
            if (last != null && element.ports().first() == last.ports().last() + 1 && element.comment().equals(last.comment())) {
                joined.set(joined.size() - 1, new Element(new Ports(last.ports().first(), element.ports().last()), last.comment()));
            } else {
                joined.add(element);
            }
        }
        elements = List.copyOf(joined);
    }

    /**
     * Creates a set with exactly these elements.
     *
     * @param name its name
     * @param elements its elements
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public PortSet(String name, List<Element> elements) {
        this(name, elements, false);
    }

    /**
     * Creates a set whose ports come and go at run time. It is created empty if a namespace has none of this name.
     *
     * @param name its name
     * @return the set
     * @throws IllegalArgumentException if the name can't be one
     */
    public static PortSet atRuntime(String name) {
        return new PortSet(name, List.of(), true);
    }

    /**
     * Creates a set of ports without comments.
     *
     * @param name its name
     * @param ports its ports, each once
     * @return the set
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static PortSet of(String name, Ports... ports) {
        return new PortSet(name, Arrays.stream(ports).map(range -> new Element(range, "")).toList());
    }

    /**
     * Returns this set after a change, port by port: a part of a range can be removed, or get another comment.
     *
     * @param add the ports to add; those that are there already get the new comment
     * @param remove the ports to remove; those that aren't there have no effect
     * @return the changed set, with exactly its elements
     * @throws IllegalArgumentException naming a port that is to be added twice
     */
    public PortSet with(Collection<Element> add, Collection<Ports> remove) {
        @Nullable String[] comments = new String[PORTS]; // null: the port isn't there
        elements.forEach(element -> fill(comments, element.ports(), element.comment()));
        remove.forEach(ports -> fill(comments, ports, null));
        new PortSet(name, List.copyOf(add)).elements().forEach(element -> fill(comments, element.ports(), element.comment()));
        List<Element> changed = new ArrayList<>();
        for (int first = 0; first < PORTS; first++) {
            String comment = comments[first];
            if (comment != null) {
                int end = first + 1;
                while (end < PORTS && comment.equals(comments[end])) {
                    end++;
                }
                changed.add(new Element(new Ports(first, end - 1), comment));
                first = end - 1;
            }
        }
        return new PortSet(name, changed);
    }

    private static void fill(@Nullable String[] comments, Ports ports, @Nullable String comment) {
        Arrays.fill(comments, ports.first(), ports.last() + 1, comment);
    }

    @Override
    public FamilyScope families() {
        return FamilyScope.BOTH;
    }

    @Override
    public PortSet empty() {
        return new PortSet(name, List.of());
    }

    @Override
    public boolean isLike(NamedSet other) {
        return other instanceof PortSet && name.equals(other.name());
    }

    @Override
    public String ipsetType() {
        return "bitmap:port";
    }

    @Override
    public String content() {
        return "ports (bitmap:port, inet_service)";
    }
}
