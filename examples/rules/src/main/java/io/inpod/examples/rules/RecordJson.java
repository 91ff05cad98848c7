package io.inpod.examples.rules;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records as JSON: the type's name, then the components in order. Empty components are left out. */
final class RecordJson {
    private RecordJson() {}

    static String of(Record value) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(plain(value)) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e); // maps, lists, numbers and texts can always be written
        }
    }

    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Record record) {
            return object(record);
        } else if (value instanceof Optional<?> optional) {
            return plain(optional.orElse(null));
        } else if (value instanceof Collection<?> collection) {
            List<@Nullable Object> all = new ArrayList<>();
            collection.forEach(each -> all.add(plain(each)));
            if (value instanceof Set<?>) {
                all.sort(Comparator.comparing(String::valueOf)); // sets have no order
            }
            return all;
        } else if (value instanceof InetAddress address) {
            return address.getHostAddress();
        } else if (value instanceof Enum<?> name) {
            return name.name();
        }
        return value;
    }

    private static Map<String, @Nullable Object> object(Record record) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", record.getClass().getSimpleName());
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                Object value = plain(component.getAccessor().invoke(record));
                if (value != null) {
                    json.put(component.getName(), value);
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("an accessor of " + record.getClass() + " failed", e);
            }
        }
        return json;
    }
}
