package io.inpod.iptables;

import java.util.List;

/** A set with a name, by which rules refer to it: a set of ipset(8), or of nf_tables. */
public sealed interface NamedSet permits AddressSet, PortSet {
    /** An element of a set; its text is as the tools write it, without the comment. */
    sealed interface Element permits AddressSet.Element, PortSet.Element {
        /** {@return a note about it, at most 127 bytes of UTF-8 without control characters or double quotes; may be empty} */
        String comment();
    }

    /** {@return its name: 1 to 31 letters, digits and {@code _ . -}, starting with a letter or {@code _}} */
    String name();

    /** {@return its elements, in ascending order} */
    List<? extends Element> elements();

    /**
     * Returns whether elements come and go at run time, by {@link io.inpod.iptables.backend.Backend#update}. Applying rules then leaves
     * those that the set holds, and comparing rules doesn't compare them.
     *
     * @return whether the namespace decides which elements there are
     */
    boolean atRuntime();

    /** {@return the families whose packets can be looked up in it} */
    FamilyScope families();

    /** {@return a set of the same name and kind, with exactly no element} */
    NamedSet empty();

    /**
     * Returns whether another set can take this one's place while rules refer to it.
     *
     * @param other another set
     * @return whether name and kind are the same
     */
    boolean isLike(NamedSet other);

    /** {@return its type in ipset(8), such as {@code hash:net}} */
    String ipsetType();

    /**
     * Returns in words what it holds.
     *
     * @return such as {@code IPv4 prefixes (hash:net, flags interval)}
     */
    String content();
}
