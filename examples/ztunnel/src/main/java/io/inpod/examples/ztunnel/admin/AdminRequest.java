package io.inpod.examples.ztunnel.admin;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request to the admin port, from somebody who may ask. Bodies are read and ignored.
 *
 * @param path the path, decoded
 * @param parameters what follows the {@code ?}, decoded; a name without a value has the value ""
 */
public record AdminRequest(String path, Map<String, List<String>> parameters) {
    /**
     * Returns a parameter.
     *
     * @param name its name
     * @return its first value, or null if it isn't there
     */
    public @Nullable String parameter(String name) {
        List<String> values = parameters.get(name);
        return values == null || values.isEmpty() ? null : values.get(0);
    }
}
