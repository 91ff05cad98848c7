package io.inpod.iptables;

import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A named set of addresses, to which rules refer by {@link SetMatch}: an ipset(8) of the type {@code hash:ip}, or a set of
 * nf_tables.
 *
 * @param name 1 to 31 letters, digits and {@code _ . -}, starting with a letter or {@code _}
 * @param family the family of its addresses
 * @param elements its elements, each address once; sorted in ascending order
 * @param atRuntime whether elements come and go at run time, by {@link io.inpod.iptables.backend.Backend#update}. Applying rules then
 *     leaves those that the set holds, and comparing rules doesn't compare them
 */
public record AddressSet(String name, IpFamily family, List<Element> elements, boolean atRuntime) {
    private static final Comparator<Element> ASCENDING =
            Comparator.comparing((Element element) -> element.address().getAddress(), Arrays::compareUnsigned);

    /**
     * One address of a set.
     *
     * @param address the address
     * @param comment a note about it, at most 127 bytes of UTF-8 without control characters or double quotes; may be empty
     */
    public record Element(InetAddress address, String comment) {
        /**
         * Checks the comment.
         *
         * @param address the address
         * @param comment a note about it
         * @throws IllegalArgumentException if the comment is anything else
         */
        public Element {
            Names.text("element comment", comment, 127);
        }

        @Override
        public String toString() {
            return AddressText.of(address);
        }
    }

    /**
     * Checks the name and the addresses, and sorts the addresses.
     *
     * @param name its name
     * @param family the family of its addresses
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
            InetAddress address = sorted.get(i).address();
            if (IpFamily.of(address) != family) {
                throw new IllegalArgumentException("set " + name + " of " + family + " can't hold " + AddressText.of(address));
            }
            if (i > 0 && address.equals(sorted.get(i - 1).address())) {
                throw new IllegalArgumentException("set " + name + " holds " + AddressText.of(address) + " twice");
            }
        }
        elements = List.copyOf(sorted);
    }

    /**
     * Creates a set with exactly these elements.
     *
     * @param name its name
     * @param family the family of its addresses
     * @param elements its elements
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public AddressSet(String name, IpFamily family, List<Element> elements) {
        this(name, family, elements, false);
    }

    /**
     * Creates a set whose elements come and go at run time. It is created empty if a namespace has none of this name and family.
     *
     * @param name its name
     * @param family the family of its addresses
     * @return the set
     * @throws IllegalArgumentException if the name can't be one
     */
    public static AddressSet atRuntime(String name, IpFamily family) {
        return new AddressSet(name, family, List.of(), true);
    }

    /**
     * Creates a set without comments.
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
}
