package io.inpod.netlink;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The interfaces' names by index, for messages that have only the index. Not thread-safe. */
final class LinkNames {
    private final Map<Integer, String> names = new HashMap<>();

    static LinkNames of(List<Link> links) {
        LinkNames names = new LinkNames();
        links.forEach(names::put);
        return names;
    }

    void put(Link link) {
        names.put(link.index(), link.name());
    }

    void remove(Link link) {
        names.remove(link.index());
    }

    /** Null for index 0, {@code #7} for an interface that has been deleted meanwhile. */
    @Nullable
    String get(int index) {
        return index == 0 ? null : names.getOrDefault(index, "#" + index);
    }

    String require(int index) throws IOException {
        String name = get(index);
        if (name == null) {
            throw new MalformedAnswerException("an entry belongs to interface 0");
        }
        return name;
    }
}
